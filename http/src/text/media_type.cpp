#include "shunt/http/media_type.hpp"

#include <algorithm>
#include <optional>

#include "shunt/http/ascii.hpp"

namespace shunt::http {
namespace {

// qvalue: 0, 1, or with up to three decimals, in thousandths.
std::optional<int> parse_quality(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return std::nullopt;
  int value = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = 100;
  for (const char digit : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value += (digit - '0') * weight;
    weight /= 10;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

// The weight among an element's parameters; nullopt if it cannot be read.
std::optional<int> quality_among(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    std::string_view value = trim(take_until(parameters, ';'));
    const std::string_view name = take_until(value, '=');
    if (equals_ignoring_case(trim(name), "q")) return parse_quality(trim(value));
  }
  return 1000;
}

}  // namespace

AcceptList::AcceptList(std::string_view header) {
  while (!header.empty()) {
    std::string_view parameters = trim(take_until(header, ','));
    std::string_view subtype = trim(take_until(parameters, ';'));
    const std::string_view type = take_until(subtype, '/');
    const auto quality = quality_among(parameters);
    if (type.empty() || subtype.empty() || !quality || (type == "*" && subtype != "*")) continue;
    ranges_.push_back({type, subtype, *quality});
  }
  if (ranges_.empty()) ranges_.push_back({"*", "*", 1000});
}

AcceptList::Fit AcceptList::fit(std::string_view media_type) const noexcept {
  std::string_view subtype = essence(media_type);
  const std::string_view type = take_until(subtype, '/');
  Fit best;
  for (const Range& range : ranges_) {
    const bool same_type = equals_ignoring_case(range.type, type);
    int exactness = -1;
    if (same_type && equals_ignoring_case(range.subtype, subtype)) {
      exactness = 2;
    } else if (same_type && range.subtype == "*") {
      exactness = 1;
    } else if (range.type == "*") {
      exactness = 0;
    }
    if (exactness > best.exactness) best = {range.quality, exactness};
  }
  return best;
}

AcceptList::Fit AcceptList::fit_of_others(const std::vector<std::string_view>& known) const noexcept {
  Fit best;
  for (const Range& range : ranges_) {
    const bool of_known = std::any_of(known.begin(), known.end(), [&](std::string_view media_type) {
      const std::string_view type = take_until(media_type, '/');
      return equals_ignoring_case(range.type, type) &&
             (range.subtype == "*" || equals_ignoring_case(range.subtype, media_type));
    });
    if (range.type == "*" || of_known) continue;
    const Fit candidate{range.quality, range.subtype == "*" ? 1 : 2};
    if (candidate.better_than(best)) best = candidate;
  }
  return best;
}

std::string_view essence(std::string_view media_type) noexcept {
  return trim(take_until(media_type, ';'));
}

bool is_json(std::string_view content_type) noexcept {
  const std::string_view type = essence(content_type);
  constexpr std::string_view kSuffix = "+json";
  const bool suffixed = type.size() > kSuffix.size() &&
                        equals_ignoring_case(type.substr(0, 12), "application/") &&
                        equals_ignoring_case(type.substr(type.size() - kSuffix.size()), kSuffix);
  return equals_ignoring_case(type, "application/json") || suffixed;
}

}  // namespace shunt::http
