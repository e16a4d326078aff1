#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/input_rules.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// What placeholders other than {input.NAME} stand for in one run.
struct RunPlaces {
  std::string id;
  std::string model;
  std::string input_file;
  std::string output_file;
};

// A command line with placeholders, parsed once. Each element stays one argument whatever a value contains:
// there is no shell and no splitting.
class ArgvTemplate {
 public:
  // Fails on an empty list, an unknown placeholder, a brace without its partner, and an {input.NAME} without
  // a rule, naming the element; and on a default that its rule refuses, naming that.
  [[nodiscard]] static Result<ArgvTemplate> parse(const std::vector<std::string>& argv,
                                                  std::map<std::string, std::string> defaults,
                                                  const InputRules& rules);

  // The arguments for an input that keeps the rules. Fails with `invalid_input` and the member's JSON
  // pointer: a member is missing, is no text, number or boolean, contains a NUL, makes an argument longer
  // than Linux allows, or has a '-' or '/' where its rule allows none.
  [[nodiscard]] Result<std::vector<std::string>> fill(const Json& input, const RunPlaces& places) const;

  [[nodiscard]] bool uses_output_file() const noexcept { return uses_output_file_; }
  // The first placeholder that stands for something of a request, as "{input.voice}"; "" = none.
  [[nodiscard]] const std::string& per_request_placeholder() const noexcept {
    return per_request_placeholder_;
  }

 private:
  struct Piece {
    enum class Kind { kLiteral, kInput, kInputFile, kOutputFile, kId, kModel } kind;
    std::string text;  // the literal, or the member's name
  };
  using Argument = std::vector<Piece>;

  static std::string shown_placeholder(const Piece& piece);
  static Result<Argument> parse_argument(std::string_view text);
  static Result<Piece> parse_placeholder(std::string_view name, std::string_view argument);
  Result<std::string> fill_argument(const Argument& argument, const Json& input, const RunPlaces& places,
                                    bool options_ended) const;
  Result<std::string> input_text(const std::string& name, const Json& input) const;
  // Whether a member's text may stand where an argument has been filled up to `before`.
  Result<void> check_place(const std::string& name, std::string_view text, std::string_view before,
                           bool options_ended) const;
  Result<void> check_defaults() const;

  std::vector<Argument> arguments_;
  std::map<std::string, std::string> defaults_;
  InputRules rules_;
  bool uses_output_file_ = false;
  std::string per_request_placeholder_;
};

}  // namespace shunt::generation::command
