#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node.hpp"
#include "shunt/config/namespace.hpp"

// The kinds of values that settings have. Each has
//   Value                 what a setting of this kind is in C++
//   read(node)            the value, or nothing when it is not allowed
//   show(value)           as one would write it in the file
//   type()                a few words for the reference
//   bounds()              "1 to 256", or nothing
//   allowed()             completes "must be ..."
namespace shunt::config::kind {

// An upper bound that nobody needs to read about.
inline constexpr std::size_t kUnlimited = std::numeric_limits<std::int64_t>::max();

// In the file true or false; in an environment variable or a flag also 1/0, yes/no, on/off, in any case.
struct Switch {
  using Value = bool;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(Value value) const { return value ? "true" : "false"; }
  [[nodiscard]] std::string type() const { return "boolean"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const;
};

struct Count {
  std::size_t min = 0;
  std::size_t max = kUnlimited;
  std::string zero_means{};  // "no limit"

  using Value = std::size_t;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(Value value) const { return std::to_string(value); }
  [[nodiscard]] std::string type() const { return "number"; }
  [[nodiscard]] std::string bounds() const;
  [[nodiscard]] std::string allowed() const;
};

// A number with a fraction.
struct Real {
  double min = 0;
  double max = 1;
  std::string zero_means{};

  using Value = double;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(Value value) const;
  [[nodiscard]] std::string type() const { return "number"; }
  [[nodiscard]] std::string bounds() const;
  [[nodiscard]] std::string allowed() const;
};

// "8MiB", or a bare number of bytes.
struct Bytes {
  std::size_t min = 1;
  std::size_t max = kUnlimited;
  std::string zero_means{};

  using Value = std::size_t;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(Value value) const;
  [[nodiscard]] std::string type() const { return "size"; }
  [[nodiscard]] std::string bounds() const;
  [[nodiscard]] std::string allowed() const;
};

// "30s". Always with a unit, since a bare 30 has been taken for milliseconds often enough.
struct Duration {
  std::chrono::milliseconds min{1};
  std::chrono::milliseconds max = std::chrono::hours(24 * 365);

  using Value = std::chrono::milliseconds;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(Value value) const;
  [[nodiscard]] std::string type() const { return "duration"; }
  [[nodiscard]] std::string bounds() const;
  [[nodiscard]] std::string allowed() const;
};

struct Text {
  enum class Empty { kAllowed, kRefused };
  Empty empty = Empty::kAllowed;

  using Value = std::string;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const { return in_quotes(value); }
  [[nodiscard]] std::string type() const { return "text"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const;
};

struct TextList {
  Text::Empty empty = Text::Empty::kAllowed;

  using Value = std::vector<std::string>;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const;
  [[nodiscard]] std::string type() const { return "list of texts"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const;
};

// Words without commas: a list in the file, "a,b" in an environment variable or a flag.
struct Names {
  using Value = std::vector<std::string>;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const { return TextList{}.show(value); }
  [[nodiscard]] std::string type() const { return "list of names"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const {
    return "a list of names, as in [\"a\", \"b\"] (a,b outside the file)";
  }
};

// Words of one sort, as Names.
struct NamesOf {
  bool (*valid)(std::string_view);
  std::string what{};  // "list of hosts"
  std::string example{};

  using Value = std::vector<std::string>;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const { return TextList{}.show(value); }
  [[nodiscard]] std::string type() const { return what; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const {
    return "a " + what + ", as in " + example + " (a,b outside the file)";
  }
};

// Some of a few words.
template <typename Enum>
struct Choices {
  std::vector<std::pair<std::string, Enum>> words;

  using Value = std::vector<Enum>;
  [[nodiscard]] std::optional<Value> read(const Node& node) const {
    const auto names = Names{}.read(node);
    if (!names) return std::nullopt;
    Value values;
    for (const std::string& name : *names) {
      const auto known = std::ranges::find(words, name, &std::pair<std::string, Enum>::first);
      if (known == words.end()) return std::nullopt;
      values.push_back(known->second);
    }
    return values;
  }
  [[nodiscard]] std::string show(const Value& value) const {
    std::vector<std::string> names;
    for (const auto& [word, meaning] : words) {
      if (std::ranges::find(value, meaning) != value.end()) names.push_back(word);
    }
    return TextList{}.show(names);
  }
  [[nodiscard]] std::string type() const {
    std::string text = "list of";
    for (const auto& [word, value] : words) text += (text.size() > 7 ? ", " : " ") + in_quotes(word);
    return text;
  }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const { return "a " + type(); }
};

struct TextMap {
  using Value = std::map<std::string, std::string>;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const;
  [[nodiscard]] std::string type() const { return "table of texts"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const { return "a table of texts, as in { name = \"text\" }"; }
};

// Empty, or "http://host..." or "https://host...".
struct HttpAddress {
  using Value = std::string;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const { return in_quotes(value); }
  [[nodiscard]] std::string type() const { return "address"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const {
    return "empty, or an address that begins with http:// or https://";
  }
};

// HTTP headers, each name once: a table of texts in the file, "name=value,name=value" outside, where "%2C" is
// a comma in a value.
struct Headers {
  using Value = std::vector<std::pair<std::string, std::string>>;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const;
  [[nodiscard]] std::string type() const { return "table of texts"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const {
    return "a table of HTTP headers, as in { name = \"value\" } (name=value,name=value outside the file)";
  }
};

// SHA-256 in 64 lower-case hex digits.
struct Sha256 {
  using Value = std::string;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const { return in_quotes(value); }
  [[nodiscard]] std::string type() const { return "SHA-256"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const { return "a SHA-256 as 64 lower-case hex digits"; }
};

// "ADDRESS:PORT": an IP address or localhost, an IPv6 address in brackets.
struct ListenAddress {
  using Value = std::pair<std::string, unsigned short>;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const;
  [[nodiscard]] std::string type() const { return "address"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const {
    return "an IP address or localhost and a port, as in \"127.0.0.1:8080\", \"[::1]:8080\" or "
           "\"0.0.0.0:80\"";
  }
};

// One of a few words.
template <typename Enum>
struct Choice {
  std::vector<std::pair<std::string, Enum>> words;

  using Value = Enum;
  [[nodiscard]] std::optional<Value> read(const Node& node) const {
    const auto text = Text{}.read(node);
    for (const auto& [word, value] : words) {
      if (text == word) return value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string show(Value wanted) const {
    for (const auto& [word, value] : words) {
      if (value == wanted) return in_quotes(word);
    }
    return {};
  }
  [[nodiscard]] std::string type() const { return allowed(); }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
      text += in_quotes(words[i].first);
    }
    return text;
  }
};

// A setting that may be left out, and then means "none".
template <typename Kind>
struct Maybe {
  Kind kind;

  using Value = std::optional<typename Kind::Value>;
  [[nodiscard]] std::optional<Value> read(const Node& node) const {
    auto value = kind.read(node);
    if (!value) return std::nullopt;
    return std::optional<Value>(std::in_place, std::move(value));
  }
  [[nodiscard]] std::string show(const Value& value) const { return value ? kind.show(*value) : "none"; }
  [[nodiscard]] std::string type() const { return kind.type(); }
  [[nodiscard]] std::string bounds() const { return kind.bounds(); }
  [[nodiscard]] std::string allowed() const { return kind.allowed(); }
};

// Kept in another duration type than milliseconds.
template <typename Other>
struct DurationAs {
  Duration kind;

  using Value = Other;
  [[nodiscard]] std::optional<Value> read(const Node& node) const {
    const auto value = kind.read(node);
    if (!value) return std::nullopt;
    const auto converted = std::chrono::duration_cast<Other>(*value);
    if (converted != *value) return std::nullopt;  // 1500ms are no whole seconds
    return converted;
  }
  [[nodiscard]] std::string show(Value value) const {
    return kind.show(std::chrono::duration_cast<std::chrono::milliseconds>(value));
  }
  [[nodiscard]] std::string type() const { return kind.type(); }
  [[nodiscard]] std::string bounds() const { return kind.bounds(); }
  [[nodiscard]] std::string allowed() const { return kind.allowed(); }
};

}  // namespace shunt::config::kind
