#include "shunt/http/request_target.hpp"

#include <algorithm>

#include "shunt/base/hex.hpp"
#include "shunt/base/json.hpp"
#include "shunt/http/ascii.hpp"
#include "shunt/http/problem_code.hpp"

namespace shunt::http {
namespace {

Error invalid_target(std::string_view why) {
  return {problem_code::kInvalidTarget, "the request target cannot be used: " + std::string(why)};
}

// Takes "http://host" off the front of an absolute-form target (RFC 9112, 3.2.2).
std::string_view without_authority(std::string_view target,
                                   std::optional<std::string_view>& authority) noexcept {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    authority = target.substr(scheme.size(), path == std::string_view::npos ? path : path - scheme.size());
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  return target;
}

}  // namespace

bool percent_decode(std::string_view text, std::string& out, bool plus_is_space) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return false;
      const auto high = hex_value(text[i + 1]);
      const auto low = hex_value(text[i + 2]);
      if (!high || !low) return false;
      out += static_cast<char>(*high << 4U | *low);
      i += 2;
    }
  }
  return true;
}

bool RequestTarget::add_segment(std::string_view encoded) {
  const std::size_t start = decoded_.size();
  if (!percent_decode(encoded, decoded_)) return false;
  const std::string_view segment = std::string_view(decoded_).substr(start);
  if (segment.find('\0') != std::string_view::npos || !is_valid_utf8(segment)) return false;
  segments_[count_++] = segment;
  return true;
}

Result<void> RequestTarget::parse(std::string_view target) {
  count_ = 0;
  decoded_.clear();
  query_.clear();
  authority_.reset();
  asterisk_ = target == "*";
  if (asterisk_) return {};
  if (target.find('#') != std::string_view::npos) return invalid_target("it contains a fragment (#)");
  target = without_authority(target, authority_);
  if (authority_ && authority_->empty()) return invalid_target("it names no host");
  const std::size_t mark = target.find('?');
  if (mark != std::string_view::npos) query_ = target.substr(mark + 1);
  std::string_view path = target.substr(0, mark);
  if (path.empty() || path.front() != '/') return invalid_target("its path does not start with a slash");
  path.remove_prefix(1);
  // Decoding only shrinks: with this the views into decoded_ stay valid.
  decoded_.reserve(path.size());
  while (count_ < kMaxSegments) {
    const std::size_t slash = path.find('/');
    if (!add_segment(path.substr(0, slash))) {
      return invalid_target("a %XX is malformed, encodes a null byte, or the path is not UTF-8");
    }
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return {};
}

Result<QueryParameters> parse_query(std::string_view query) {
  QueryParameters parameters;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    auto& [decoded_name, decoded_value] = parameters.emplace_back();
    if (!percent_decode(name, decoded_name, true) || !percent_decode(value, decoded_value, true) ||
        !is_valid_utf8(decoded_name) || !is_valid_utf8(decoded_value)) {
      return invalid_target("the query has a malformed %XX or is not UTF-8");
    }
  }
  return parameters;
}

}  // namespace shunt::http
