#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/file_reference.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// What becomes of a member that no rule speaks of.
enum class Unlisted { kPass, kRefuse };

// What one member of a request's `input` may be. The words are JSON Schema's, and so is what they mean; the
// whole of a model's rules can be written as such a schema (docs/input.md).
struct InputRule {
  // kFile: a file that comes beside the input (file_reference.hpp). kJson: any JSON value.
  enum class Type { kString, kNumber, kInteger, kBoolean, kArray, kObject, kFile, kJson };
  // What a request may write in place of a file, for us to fetch.
  enum class Url { kHttps, kData };

  // Any text, number or boolean passes. Excludes everything below but `required`, what is allowed, and what
  // is said for people.
  bool any = false;
  std::optional<Type> type{};  // needed unless `any`
  bool required = false;

  // What holds for texts.
  std::string pattern{};               // RE2; the whole value must match. "": no pattern
  std::vector<std::string> choices{};  // `enum`; empty: not restricted
  std::size_t min_length = 0;          // in characters (Unicode code points)
  std::optional<std::size_t> max_length{};

  // What holds for numbers; both are inclusive.
  std::optional<double> minimum{};
  std::optional<double> maximum{};

  // A NUL never passes without this. The other two are asked for where the value becomes an argument of a
  // program: there a '-' at its start may make it an option, and a '/' a path.
  bool allow_nul = false;
  bool allow_leading_dash = false;
  bool allow_slash = false;

  std::string description{};            // for people
  std::optional<Json> default_value{};  // what a request has that says nothing of the member

  // What holds for lists.
  std::size_t min_items = 0;
  std::optional<std::size_t> max_items{};
  std::vector<InputRule> items{};  // the rule of every element; one at most, none: anything

  // What holds for objects.
  std::map<std::string, InputRule> properties{};
  Unlisted unlisted = Unlisted::kPass;

  // What holds for files.
  std::vector<std::string> types{};  // "image/png", "image/*"; empty: all
  std::optional<std::size_t> max_bytes{};
  std::vector<Url> urls{};               // empty: none
  std::vector<std::string> url_hosts{};  // "example.com", "*.example.com"; empty: every public one
};

// How deep rules may lie within each other: a member, its items, their properties, ...
inline constexpr std::size_t kMaxRuleDepth = 6;

// The rules of one model, by member, ready to be checked. Cheap to copy; safe to use from several threads.
// Members without a rule pass, unless they are said to be refused.
class InputRules {
 public:
  InputRules() = default;

  // Fails with `invalid_configuration` on a rule that cannot be: a pattern that RE2 does not take, bounds
  // that exclude each other, a setting of another type, a default that its rule refuses. The detail `field`
  // is "/MEMBER/SETTING", of a rule within another "/MEMBER/items/SETTING" or
  // "/MEMBER/properties/NAME/SETTING".
  [[nodiscard]] static Result<InputRules> compile(std::map<std::string, InputRule> rules,
                                                  Unlisted unlisted = Unlisted::kPass);

  // Gives an input the defaults of the members that it does not have. An input that is no object stays as it
  // is, and is for check() to refuse.
  void fill_defaults(Json& input) const;

  // Fails with `invalid_input` and the JSON pointer of the first member that breaks its rule; the details
  // `rule`, `limit` and `received` say more. Takes time linear in the input, and looks at a length before
  // anything else. `files`: what came beside the input; each has a rule, of the kind file.
  [[nodiscard]] Result<void> check(const Json& input, const InputFiles& files = {}) const;
  // The same for one member's value. A member without a rule passes.
  [[nodiscard]] Result<void> check(std::string_view member, const Json& value) const;
  // The same for a file, of which no more may be known yet than its type (bytes 0).
  [[nodiscard]] Result<void> check_file(std::string_view member, std::string_view media_type,
                                        std::uint64_t bytes) const;

  // The rules as a JSON Schema (2020-12): {"type": "object", "properties": {...}, ...}.
  [[nodiscard]] JsonObject schema() const;

  // The members that are files, in order.
  [[nodiscard]] const std::vector<std::string>& files() const noexcept;

  // nullptr: there is none.
  [[nodiscard]] const InputRule* find(std::string_view member) const;
  [[nodiscard]] bool empty() const noexcept { return compiled_ == nullptr; }

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;  // nullptr: no rules
};

// An `invalid_input` about a member: "input.MEMBER WHAT", with its JSON pointer.
[[nodiscard]] Error invalid_member(std::string_view member, std::string_view what);

// "\"a text\"" or "5", cut after some 64 bytes between two characters: for messages about a value that came.
[[nodiscard]] std::string shown_value(const Json& value);

// A name as it stands in a JSON pointer.
[[nodiscard]] std::string pointer_token(std::string_view name);

}  // namespace shunt::generation
