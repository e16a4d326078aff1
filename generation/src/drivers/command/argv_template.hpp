#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::command {

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
  // Fails on an empty list, an unknown placeholder or a brace without its partner, naming the element.
  [[nodiscard]] static Result<ArgvTemplate> parse(const std::vector<std::string>& argv,
                                                  std::map<std::string, std::string> defaults);

  // The arguments for one input. Fails with `invalid_input` and the member's JSON pointer: a member is
  // missing, is no text, number or boolean, contains a NUL, makes an argument longer than Linux allows, or
  // would be read as an option (it starts with '-' at the start of an argument, and no "--" stands before
  // it).
  [[nodiscard]] Result<std::vector<std::string>> fill(const Json& input, const RunPlaces& places) const;

  [[nodiscard]] bool uses_output_file() const noexcept { return uses_output_file_; }

 private:
  struct Piece {
    enum class Kind { kLiteral, kInput, kInputFile, kOutputFile, kId, kModel } kind;
    std::string text;  // the literal, or the member's name
  };
  using Argument = std::vector<Piece>;

  static Result<Argument> parse_argument(std::string_view text);
  static Result<Piece> parse_placeholder(std::string_view name, std::string_view argument);
  Result<std::string> fill_argument(const Argument& argument, const Json& input, const RunPlaces& places,
                                    bool options_ended) const;
  Result<std::string> input_value(const std::string& name, const Json& input) const;

  std::vector<Argument> arguments_;
  std::map<std::string, std::string> defaults_;
  bool uses_output_file_ = false;
};

}  // namespace shunt::command
