#include "value_kinds.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "shunt/base/duration_text.hpp"
#include "shunt/base/json.hpp"

namespace shunt::config::kind {
namespace {

// All of `text` as a number.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const last = std::to_address(text.end());
  const auto [end, failure] = std::from_chars(std::to_address(text.begin()), last, number);
  if (failure != std::errc{} || end != last) return std::nullopt;
  return number;
}

const std::string* untyped(const Node& node) {
  const auto* value = std::get_if<Untyped>(&node.value);
  return value == nullptr ? nullptr : &value->text;
}

std::optional<std::string> text_of(const Node& node) {
  if (const auto* text = std::get_if<std::string>(&node.value)) return *text;
  if (const auto* text = untyped(node)) return *text;
  return std::nullopt;
}

std::optional<std::size_t> whole_number_of(const Node& node) {
  if (const auto* text = untyped(node)) return parse_number<std::size_t>(*text);
  const auto* number = std::get_if<std::int64_t>(&node.value);
  if (number == nullptr || *number < 0) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

template <typename Value>
std::optional<Value> within(const std::optional<Value>& value, Value min, Value max) {
  if (!value || !(*value >= min && *value <= max)) return std::nullopt;  // NaN is in no range
  return value;
}

std::string between(const std::string& min, const std::string& max) {
  return min + " to " + max;
}

// ", from 1 to 256 (0: no limit)"
std::string clause(const std::string& bounds) {
  if (bounds.empty()) return {};
  if (bounds.starts_with('(')) return ' ' + bounds;
  return (bounds.starts_with("at least") ? ", " : ", from ") + bounds;
}

std::string with_zero(std::string bounds, const std::string& zero_means) {
  if (zero_means.empty()) return bounds;
  if (!bounds.empty()) bounds += ' ';
  return std::move(bounds) + "(0: " + zero_means + ')';
}

std::string_view without_spaces(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// "%2C" is a comma. Nothing for a '%' that two hex digits do not follow.
std::optional<std::string> without_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    unsigned char byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const char* const last = std::to_address(digits.end());
    const auto [end, failure] = std::from_chars(std::to_address(digits.begin()), last, byte, 16);
    if (digits.size() != 2 || failure != std::errc{} || end != last) return std::nullopt;
    plain += static_cast<char>(byte);
    i += 2;
  }
  return plain;
}

// RFC 9110, 5.1 and 5.5.
bool is_header(std::string_view name, std::string_view value) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  const auto in_value = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  };
  return !name.empty() && std::ranges::all_of(name, in_name) && std::ranges::all_of(value, in_value);
}

// Splits "name=value".
std::optional<std::pair<std::string, std::string>> header_of(std::string_view pair) {
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto name = without_escapes(without_spaces(pair.substr(0, equals)));
  const auto value = without_escapes(without_spaces(pair.substr(equals + 1)));
  // Escapes can stand for any bytes, and the file has text only.
  if (!name || !value || !is_header(*name, *value) || !is_valid_utf8(*value)) return std::nullopt;
  return std::pair(*name, *value);
}

bool is_address(const std::string& text, int family) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  return text.find('\0') == std::string::npos && inet_pton(family, text.c_str(), binary.data()) == 1;
}

}  // namespace

std::optional<bool> Switch::read(const Node& node) const {
  if (const auto* value = std::get_if<bool>(&node.value)) return *value;
  const auto* given = untyped(node);
  if (given == nullptr) return std::nullopt;
  std::string word = *given;
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const auto* yes : {"true", "1", "yes", "on"}) {
    if (word == yes) return true;
  }
  for (const auto* no : {"false", "0", "no", "off"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::string Switch::allowed() const {
  return "true or false (an environment variable or a flag may also say 1, 0, yes, no, on or off)";
}

std::optional<std::size_t> Count::read(const Node& node) const {
  return within(whole_number_of(node), min, max);
}

std::string Count::bounds() const {
  return with_zero(between(std::to_string(min), std::to_string(max)), zero_means);
}

std::string Count::allowed() const {
  return "a whole number" + clause(bounds());
}

std::optional<double> Real::read(const Node& node) const {
  std::optional<double> number;
  if (const auto* text = untyped(node)) number = parse_number<double>(*text);
  if (const auto* value = std::get_if<double>(&node.value)) number = *value;
  if (const auto* value = std::get_if<std::int64_t>(&node.value)) number = static_cast<double>(*value);
  if (number == 0.0) number = 0.0;  // -0 too, which is shown as another text
  return within(number, min, max);
}

std::string Real::show(double value) const {
  constexpr double kReadable = 1e-6;  // below, a row of zeros says less than an exponent
  std::array<char, 64> text{};
  const auto format =
      value == 0 || value >= kReadable ? std::chars_format::fixed : std::chars_format::general;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value, format).ptr};
}

std::string Real::bounds() const {
  return with_zero(between(show(min), show(max)), zero_means);
}

std::string Real::allowed() const {
  return "a number" + clause(bounds());
}

std::optional<std::size_t> Bytes::read(const Node& node) const {
  auto bytes = whole_number_of(node);
  if (const auto text = text_of(node); text && !bytes) {
    if (const auto parsed = parse_bytes(*text)) bytes = *parsed;
  }
  if (bytes == std::size_t{0} && !zero_means.empty()) return bytes;
  return within(bytes, min, max);
}

std::string Bytes::show(std::size_t value) const {
  const std::string text = format_bytes(value);
  const bool bare = text.find_first_not_of("0123456789") == std::string::npos;
  return bare ? text : in_quotes(text);
}

std::string Bytes::bounds() const {
  if (max != kUnlimited) return with_zero(between(format_bytes(min), format_bytes(max)), zero_means);
  return with_zero(min == 0 ? "" : "at least " + format_bytes(min), zero_means);
}

std::string Bytes::allowed() const {
  return "a size like 512, \"64KiB\", \"8MiB\" or \"1GiB\"" + clause(bounds());
}

std::optional<std::chrono::milliseconds> Duration::read(const Node& node) const {
  const auto text = text_of(node);
  if (!text) return std::nullopt;
  const auto parsed = parse_duration(*text);
  if (!parsed) return std::nullopt;
  return within(std::optional(*parsed), min, max);
}

std::string Duration::show(std::chrono::milliseconds value) const {
  return in_quotes(format_duration(value));
}

std::string Duration::bounds() const {
  return between(format_duration(min), format_duration(max));
}

std::string Duration::allowed() const {
  return "a duration like \"250ms\", \"30s\", \"10m\", \"2h\" or \"7d\"" + clause(bounds());
}

std::optional<std::string> Text::read(const Node& node) const {
  auto text = text_of(node);
  // The operating system ends texts at a zero byte, so one inside would be cut where nobody looks.
  if (!text || text->find('\0') != std::string::npos) return std::nullopt;
  // Outside the file anything may come; what is no text could neither be shown nor sent.
  if (!is_valid_utf8(*text)) return std::nullopt;
  if (text->empty() && empty == Empty::kRefused) return std::nullopt;
  return text;
}

std::string Text::allowed() const {
  return empty == Empty::kRefused ? "a text that is not empty" : "a text";
}

std::optional<std::vector<std::string>> TextList::read(const Node& node) const {
  const auto* list = std::get_if<List>(&node.value);
  if (list == nullptr) return std::nullopt;
  if (list->empty() && empty == Text::Empty::kRefused) return std::nullopt;
  std::vector<std::string> texts;
  for (const Node& element : *list) {
    auto text = Text{}.read(element);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  return texts;
}

std::optional<std::vector<std::string>> Names::read(const Node& node) const {
  const auto* untyped = std::get_if<Untyped>(&node.value);
  if (untyped == nullptr) return TextList{Text::Empty::kAllowed}.read(node);
  if (!Text{}.read(node)) return std::nullopt;
  std::vector<std::string> names;
  std::string_view rest = untyped->text;
  if (rest == "[]") return names;  // as the file would say it
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (comma > 0) names.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return names;
}

std::optional<std::vector<std::string>> NamesOf::read(const Node& node) const {
  auto names = Names{}.read(node);
  if (names && !std::ranges::all_of(*names, valid)) return std::nullopt;
  return names;
}

std::string TextList::show(const Value& value) const {
  std::string text = "[";
  for (const std::string& element : value) {
    if (text.size() > 1) text += ", ";
    text += in_quotes(element);
  }
  return text + ']';
}

std::string TextList::allowed() const {
  return empty == Text::Empty::kRefused
             ? "a list of texts that is not empty, as in [\"program\", \"argument\"]"
             : "a list of texts, as in [\"one\", \"two\"]";
}

std::optional<std::map<std::string, std::string>> TextMap::read(const Node& node) const {
  const auto* table = std::get_if<Table>(&node.value);
  if (table == nullptr) return std::nullopt;
  Value texts;
  for (const Entry& entry : *table) {
    auto text = Text{}.read(entry.node);
    if (!text) return std::nullopt;
    texts.emplace(entry.key, std::move(*text));
  }
  return texts;
}

std::string TextMap::show(const Value& value) const {
  if (value.empty()) return "{}";
  std::string text;
  for (const auto& [key, element] : value) {
    text += text.empty() ? "{ " : ", ";
    text += key_text(key) + " = " + in_quotes(element);
  }
  return text + " }";
}

std::optional<std::string> HttpAddress::read(const Node& node) const {
  auto text = text_of(node);
  if (!text || text->empty()) return text;
  const std::size_t scheme = text->starts_with("http://") ? 7 : text->starts_with("https://") ? 8 : 0;
  const bool visible = std::ranges::all_of(*text, [](char c) { return c > 0x20 && c < 0x7f; });
  const bool has_host = text->size() > scheme && (*text)[scheme] != '/';
  if (scheme == 0 || !visible || !has_host) return std::nullopt;
  return text;
}

std::optional<Headers::Value> Headers::read(const Node& node) const {
  if (const std::string* const list = untyped(node)) {
    if (!Text{}.read(node)) return std::nullopt;
    // As the table of the file: each name once, in their order.
    TextMap::Value texts;
    std::string_view rest = *list;
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      if (pair.find_first_not_of(" \t") == std::string_view::npos) continue;
      auto header = header_of(pair);
      if (!header || !texts.insert(std::move(*header)).second) return std::nullopt;
    }
    return Value(texts.begin(), texts.end());
  }
  const auto table = TextMap{}.read(node);
  if (!table) return std::nullopt;
  for (const auto& [name, value] : *table) {
    if (!is_header(name, value)) return std::nullopt;
  }
  return Value(table->begin(), table->end());
}

std::string Headers::show(const Value& value) const {
  return TextMap{}.show({value.begin(), value.end()});
}

std::optional<std::string> Sha256::read(const Node& node) const {
  constexpr std::size_t kDigits = 64;
  auto text = text_of(node);
  if (!text || text->size() != kDigits) return std::nullopt;
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (!std::ranges::all_of(*text, hex)) return std::nullopt;
  return text;
}

std::optional<std::pair<std::string, unsigned short>> ListenAddress::read(const Node& node) const {
  const auto text = text_of(node);
  if (!text) return std::nullopt;
  const std::size_t colon = text->rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = text->substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool usable =
      bracketed ? is_address(host, AF_INET6) : host == "localhost" || is_address(host, AF_INET);
  const auto port = parse_number<unsigned short>(std::string_view(*text).substr(colon + 1));
  if (!usable || !port) return std::nullopt;
  return Value(std::move(host), *port);
}

std::string ListenAddress::show(const Value& value) const {
  const auto& [address, port] = value;
  const bool bracketed = address.find(':') != std::string::npos;
  return in_quotes((bracketed ? '[' + address + ']' : address) + ':' + std::to_string(port));
}

}  // namespace shunt::config::kind
