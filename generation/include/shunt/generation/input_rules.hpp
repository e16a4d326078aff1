#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// What one member of a request's `input` may be. The words are JSON Schema's, and so is what they mean; the
// whole of a model's rules can become such a schema.
struct InputRule {
  enum class Type { kString, kNumber, kInteger, kBoolean };

  // Any text, number or boolean passes. Excludes everything below but `required` and what is allowed.
  bool any = false;
  std::optional<Type> type;  // needed unless `any`
  bool required = false;

  // What holds for texts.
  std::string pattern;               // RE2; the whole value must match. "": no pattern
  std::vector<std::string> choices;  // `enum`; empty: not restricted
  std::size_t min_length = 0;        // in characters (Unicode code points)
  std::optional<std::size_t> max_length;

  // What holds for numbers; both are inclusive.
  std::optional<double> minimum;
  std::optional<double> maximum;

  // A NUL never passes without this. The other two are asked for where the value becomes an argument of a
  // program: there a '-' at its start may make it an option, and a '/' a path.
  bool allow_nul = false;
  bool allow_leading_dash = false;
  bool allow_slash = false;
};

// The rules of one model, by member, ready to be checked. Cheap to copy; safe to use from several threads.
// Members without a rule pass.
class InputRules {
 public:
  InputRules() = default;

  // Fails with `invalid_configuration` on a rule that cannot be: a pattern that RE2 does not take, bounds
  // that exclude each other, a setting of another type. The detail `field` is "/MEMBER/SETTING".
  [[nodiscard]] static Result<InputRules> compile(std::map<std::string, InputRule> rules);

  // Fails with `invalid_input` and the JSON pointer of the first member that breaks its rule. Takes time
  // linear in the input, and looks at a text's length before anything else.
  [[nodiscard]] Result<void> check(const Json& input) const;
  // The same for one member's value. A member without a rule passes.
  [[nodiscard]] Result<void> check(std::string_view member, const Json& value) const;

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

}  // namespace shunt::generation
