#include "drivers/command/argv_template.hpp"

#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::command {
namespace {

// MAX_ARG_STRLEN of Linux (include/uapi/linux/binfmts.h): 32 pages, with the final NUL.
constexpr std::size_t kMaxArgumentBytes = 32 * 4096 - 1;

Error wrong_template(std::string_view argument, const std::string& why) {
  return invalid_field("/argv", "argv element \"" + std::string(argument) + "\": " + why);
}

Error wrong_input(const std::string& name, const std::string& why) {
  return invalid_field("/input/" + name, "input." + name + ' ' + why, error_code::kInvalidInput);
}

}  // namespace

Result<ArgvTemplate> ArgvTemplate::parse(const std::vector<std::string>& argv,
                                         std::map<std::string, std::string> defaults) {
  if (argv.empty()) return invalid_field("/argv", "argv is empty: it must name a program");
  ArgvTemplate made;
  made.defaults_ = std::move(defaults);
  for (const std::string& text : argv) {
    auto argument = parse_argument(text);
    if (!argument) return std::move(argument).error();
    for (const Piece& piece : *argument) made.uses_output_file_ |= piece.kind == Piece::Kind::kOutputFile;
    made.arguments_.push_back(std::move(*argument));
  }
  for (const Piece& piece : made.arguments_.front()) {
    if (piece.kind != Piece::Kind::kLiteral) {
      return wrong_template(argv.front(), "the program itself cannot have a placeholder");
    }
  }
  return made;
}

Result<ArgvTemplate::Argument> ArgvTemplate::parse_argument(std::string_view text) {
  Argument pieces;
  std::string literal;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      literal += c;
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == c) {  // {{ or }}
      literal += c;
      ++i;
      continue;
    }
    const std::size_t end = c == '{' ? text.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      return wrong_template(text, std::string("a single '") + c + "' (write it twice to mean itself)");
    }
    auto placeholder = parse_placeholder(text.substr(i + 1, end - i - 1), text);
    if (!placeholder) return std::move(placeholder).error();
    if (!literal.empty()) pieces.push_back({Piece::Kind::kLiteral, std::exchange(literal, {})});
    pieces.push_back(std::move(*placeholder));
    i = end;
  }
  if (!literal.empty() || pieces.empty()) pieces.push_back({Piece::Kind::kLiteral, std::move(literal)});
  return pieces;
}

Result<ArgvTemplate::Piece> ArgvTemplate::parse_placeholder(std::string_view name,
                                                            std::string_view argument) {
  constexpr std::string_view kInputPrefix = "input.";
  if (name.starts_with(kInputPrefix) && name.size() > kInputPrefix.size()) {
    return Piece{Piece::Kind::kInput, std::string(name.substr(kInputPrefix.size()))};
  }
  if (name == "input_file") return Piece{Piece::Kind::kInputFile, {}};
  if (name == "output_file") return Piece{Piece::Kind::kOutputFile, {}};
  if (name == "id") return Piece{Piece::Kind::kId, {}};
  if (name == "model") return Piece{Piece::Kind::kModel, {}};
  return wrong_template(argument,
                        "unknown placeholder {" + std::string(name) +
                            "}; known are {input.NAME}, {input_file}, {output_file}, {id}, {model}");
}

Result<std::vector<std::string>> ArgvTemplate::fill(const Json& input, const RunPlaces& places) const {
  std::vector<std::string> argv;
  bool options_ended = false;
  for (const Argument& argument : arguments_) {
    auto filled = fill_argument(argument, input, places, options_ended);
    if (!filled) return std::move(filled).error();
    const bool literal = argument.size() == 1 && argument.front().kind == Piece::Kind::kLiteral;
    options_ended |= literal && *filled == "--";
    argv.push_back(std::move(*filled));
  }
  return argv;
}

Result<std::string> ArgvTemplate::fill_argument(const Argument& argument, const Json& input,
                                                const RunPlaces& places, bool options_ended) const {
  std::string filled;
  for (const Piece& piece : argument) {
    switch (piece.kind) {
      case Piece::Kind::kLiteral:
        filled += piece.text;
        break;
      case Piece::Kind::kInputFile:
        filled += places.input_file;
        break;
      case Piece::Kind::kOutputFile:
        filled += places.output_file;
        break;
      case Piece::Kind::kId:
        filled += places.id;
        break;
      case Piece::Kind::kModel:
        filled += places.model;
        break;
      case Piece::Kind::kInput: {
        auto value = input_value(piece.text, input);
        if (!value) return value;
        if (filled.empty() && value->starts_with('-') && !options_ended) {
          return wrong_input(piece.text, "must not start with '-': the program would read it as an option");
        }
        filled += *value;
        if (filled.size() > kMaxArgumentBytes) {
          return wrong_input(piece.text, "makes an argument longer than " +
                                             std::to_string(kMaxArgumentBytes) +
                                             " bytes, the system's limit");
        }
        break;
      }
    }
  }
  return filled;
}

Result<std::string> ArgvTemplate::input_value(const std::string& name, const Json& input) const {
  const Json* value = input.is_object() ? input.get_object().if_contains(name) : nullptr;
  if (value == nullptr) {
    const auto fallback = defaults_.find(name);
    if (fallback == defaults_.end()) return wrong_input(name, "is required");
    return fallback->second;
  }
  if (value->is_string()) {
    std::string text(value->get_string());
    if (text.find('\0') != std::string::npos) return wrong_input(name, "must not contain a NUL character");
    return text;
  }
  if (value->is_number() || value->is_bool()) return to_json_text(*value);
  return wrong_input(name,
                     "must be a string, a number or a boolean, got " + to_json_text(*value).substr(0, 64));
}

}  // namespace shunt::command
