#include "text/part_header.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "shunt/base/hex.hpp"
#include "shunt/base/json.hpp"
#include "shunt/http/ascii.hpp"
#include "shunt/http/problem_code.hpp"

namespace shunt::http {
namespace {

constexpr std::size_t kMaxBoundaryBytes = 70;  // RFC 2046, 5.1.1
constexpr std::size_t kMaxFields = 16;

bool is_token_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// RFC 2046, 5.1.1: bchars.
bool is_boundary_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

bool has_control(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// The parameters behind a field's first value, one after the other.
class Parameters {
 public:
  explicit Parameters(std::string_view rest) : rest_(rest) {}

  struct Parameter {
    std::string_view name;
    std::string value;
  };
  // nullopt: there is no other one, or none that can be read (ok() tells).
  std::optional<Parameter> next() {
    rest_ = trim(rest_);
    while (rest_.starts_with(';')) rest_ = trim(rest_.substr(1));
    if (rest_.empty()) return std::nullopt;
    const auto* const end = std::ranges::find_if_not(rest_, is_token_character);
    Parameter made{.name = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin())), .value = {}};
    rest_.remove_prefix(made.name.size());
    if (made.name.empty() || !rest_.starts_with('=')) return fail();
    rest_.remove_prefix(1);
    if (!(rest_.starts_with('"') ? take_quoted(made.value) : take_plain(made.value))) return fail();
    if (!rest_.empty() && !trim(rest_).empty() && !trim(rest_).starts_with(';')) return fail();
    return made;
  }
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  std::optional<Parameter> fail() {
    ok_ = false;
    return std::nullopt;
  }

  bool take_plain(std::string& value) {
    const std::string_view text = rest_.substr(0, std::min(rest_.find(';'), rest_.size()));
    rest_.remove_prefix(text.size());
    value = trim(text);
    return !value.empty() && value.find('"') == std::string::npos;
  }

  // Some clients escape a quote and a backslash and others escape nothing, so a backslash before anything
  // else stands for itself, as in the paths that old browsers send.
  bool take_quoted(std::string& value) {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (c == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
      const bool escaped = c == '\\' && i + 1 < rest_.size() && (rest_[i + 1] == '"' || rest_[i + 1] == '\\');
      if (escaped) ++i;
      value += rest_[i];
    }
    return false;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// WHATWG's encoding of names in multipart/form-data: a quote, a carriage return and a line feed.
std::string decode_escapes(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view three = text.substr(i, 3);
    const char meant = three == "%22"                     ? '"'
                       : three == "%0D" || three == "%0d" ? '\r'
                       : three == "%0A" || three == "%0a" ? '\n'
                                                          : '\0';
    decoded += meant == '\0' ? text[i] : meant;
    if (meant != '\0') i += 2;
  }
  return decoded;
}

// RFC 8187's form, which RFC 7578 forbids and some clients send all the same for names beyond ASCII.
std::optional<std::string> decode_extended(std::string_view text) {
  const std::string_view charset = take_until(text, '\'');
  (void)take_until(text, '\'');  // the language
  if (!equals_ignoring_case(charset, "utf-8")) return std::nullopt;
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_value(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_value(text[i + 2]) : std::nullopt;
    if (!high || !low) return std::nullopt;
    decoded += static_cast<char>(*high << 4U | *low);
    i += 2;
  }
  return decoded;
}

// A path says where a file lay on the client's machine: it is neither a name nor anybody's business.
std::string without_path(const std::string& name) {
  const std::size_t slash = name.find_last_of("/\\");
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

Result<void> check_text(std::string_view what, std::string_view text, std::size_t limit) {
  if (text.size() > limit) {
    return malformed_multipart("a part's " + std::string(what) + " may have at most " +
                               std::to_string(limit) + " bytes, got " + std::to_string(text.size()));
  }
  if (!is_valid_utf8(text) || has_control(text)) {
    return malformed_multipart("a part's " + std::string(what) + " must be UTF-8 without control characters");
  }
  return {};
}

Result<void> read_disposition(std::string_view value, PartHeader& header) {
  const std::string_view kind = value.substr(0, std::min(value.find(';'), value.size()));
  if (!equals_ignoring_case(trim(kind), "form-data")) {
    return malformed_multipart("a part's Content-Disposition must be form-data");
  }
  Parameters parameters(value.substr(kind.size()));
  bool named = false;
  std::optional<std::string> extended;
  while (auto parameter = parameters.next()) {
    if (equals_ignoring_case(parameter->name, "name")) {
      if (std::exchange(named, true)) return malformed_multipart("a part has two names");
      header.name = decode_escapes(parameter->value);
    } else if (equals_ignoring_case(parameter->name, "filename")) {
      if (header.filename) return malformed_multipart("a part has two filenames");
      header.filename = without_path(decode_escapes(parameter->value));
    } else if (equals_ignoring_case(parameter->name, "filename*")) {
      const auto decoded = decode_extended(parameter->value);
      if (!decoded) return malformed_multipart("a part's filename* cannot be read");
      extended = without_path(*decoded);
    }
  }
  if (!parameters.ok()) return malformed_multipart("a part's Content-Disposition cannot be read");
  if (extended) header.filename = std::move(extended);
  if (header.name.empty()) return malformed_multipart("a part has no name");
  if (auto checked = check_text("name", header.name, kMaxPartNameBytes); !checked) return checked;
  return header.filename ? check_text("filename", *header.filename, kMaxFilenameBytes) : Result<void>();
}

// Deprecated (RFC 7578, 4.7), and there is nothing to decode in those that are no encoding.
bool is_identity(std::string_view encoding) {
  constexpr auto kIdentities = std::to_array<std::string_view>({"7bit", "8bit", "binary"});
  return std::ranges::any_of(kIdentities, [&](auto each) { return equals_ignoring_case(encoding, each); });
}

struct Seen {
  bool disposition = false;
  bool type = false;
};

Result<void> read_field(std::string_view line, Seen& seen, PartHeader& header) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, std::min(colon, line.size()));
  if (colon == std::string_view::npos || name.empty() || !std::ranges::all_of(name, is_token_character)) {
    return malformed_multipart("a line of a part's header is no field");
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (has_control(value)) return malformed_multipart("a part's header has control characters");
  if (equals_ignoring_case(name, "Content-Disposition")) {
    if (std::exchange(seen.disposition, true)) {
      return malformed_multipart("a part has two fields Content-Disposition");
    }
    return read_disposition(value, header);
  }
  if (equals_ignoring_case(name, "Content-Type")) {
    if (std::exchange(seen.type, true)) return malformed_multipart("a part has two fields Content-Type");
    header.content_type = value;
  }
  if (equals_ignoring_case(name, "Content-Transfer-Encoding") && !is_identity(value)) {
    return malformed_multipart("a part's Content-Transfer-Encoding must be binary");
  }
  return {};
}

}  // namespace

Error malformed_multipart(std::string message) {
  return {problem_code::kMalformedMultipart, "the body is not multipart/form-data: " + std::move(message)};
}

Result<PartHeader> parse_part_header(std::string_view block) {
  PartHeader header;
  Seen seen;
  std::size_t fields = 0;
  while (!block.empty()) {
    const std::size_t end = std::min(block.find("\r\n"), block.size());
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(std::min(end + 2, block.size()));
    if (++fields > kMaxFields) {
      return malformed_multipart("a part may have at most " + std::to_string(kMaxFields) + " header fields");
    }
    if (auto read = read_field(line, seen, header); !read) return std::move(read).error();
  }
  if (!seen.disposition) return malformed_multipart("a part has no Content-Disposition");
  return header;
}

Result<std::string> multipart_boundary(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, std::min(content_type.find(';'), content_type.size()));
  if (!equals_ignoring_case(trim(type), "multipart/form-data")) {
    return malformed_multipart("its Content-Type is another one");
  }
  Parameters parameters(content_type.substr(type.size()));
  std::optional<std::string> boundary;
  while (auto parameter = parameters.next()) {
    if (!equals_ignoring_case(parameter->name, "boundary")) continue;
    if (boundary) return malformed_multipart("its Content-Type names two boundaries");
    boundary = std::move(parameter->value);
  }
  if (!parameters.ok() || !boundary) return malformed_multipart("its Content-Type names no boundary");
  const bool fits = !boundary->empty() && boundary->size() <= kMaxBoundaryBytes &&
                    std::ranges::all_of(*boundary, is_boundary_character) && !boundary->ends_with(' ');
  if (!fits) return malformed_multipart("its boundary must have 1 to 70 of the characters of RFC 2046");
  return std::move(*boundary);
}

}  // namespace shunt::http
