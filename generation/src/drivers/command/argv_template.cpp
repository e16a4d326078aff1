#include "drivers/command/argv_template.hpp"

#include <cmath>
#include <cstdint>
#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

// MAX_ARG_STRLEN of Linux (include/uapi/linux/binfmts.h): 32 pages, with the final NUL.
constexpr std::size_t kMaxArgumentBytes = 32 * 4096 - 1;

Error wrong_template(std::string_view argument, const std::string& why) {
  return invalid_field("/argv", "argv element \"" + std::string(argument) + "\": " + why);
}

Error wrong_default(const std::string& name, const Error& why) {
  return invalid_field("/defaults/" + name, "the default of " + why.message);
}

// Numbers in the form that every program reads: no ".0" and no "-0".
std::string number_text(const Json& value) {
  const double* const number = value.if_double();
  if (number == nullptr) return to_json_text(value);
  if (*number == std::floor(*number) && std::abs(*number) <= static_cast<double>(kMaxSafeInteger)) {
    return std::to_string(static_cast<std::int64_t>(*number));
  }
  return to_json_text(value);
}

// What an operator has listed one by one needs no further permission.
bool may_begin_with_dash(const InputRule& rule) {
  return rule.allow_leading_dash || !rule.choices.empty() || (rule.minimum && *rule.minimum < 0);
}

bool may_have_slash(const InputRule& rule) {
  return rule.any || rule.allow_slash || !rule.choices.empty() || rule.type == InputRule::Type::kFile;
}

bool is_one_value(const InputRule& rule) {
  using Type = InputRule::Type;
  return rule.type != Type::kArray && rule.type != Type::kObject && rule.type != Type::kJson;
}

// A default as the member's value would come: a rule for numbers wants a number.
Json typed_default(const std::string& text, const InputRule* rule) {
  if (rule != nullptr && rule->type && *rule->type != InputRule::Type::kString) {
    if (auto value = parse_json(text)) return std::move(*value);
  }
  return Json(boost::json::string_view(text));
}

}  // namespace

Result<ArgvTemplate> ArgvTemplate::parse(const std::vector<std::string>& argv,
                                         std::map<std::string, std::string> defaults,
                                         const InputRules& rules) {
  if (argv.empty()) return invalid_field("/argv", "argv is empty: it must name a program");
  ArgvTemplate made;
  made.defaults_ = std::move(defaults);
  made.rules_ = rules;
  for (const std::string& text : argv) {
    auto argument = parse_argument(text);
    if (!argument) return std::move(argument).error();
    for (const Piece& piece : *argument) {
      made.uses_output_file_ |= piece.kind == Piece::Kind::kOutputFile;
      if (made.per_request_placeholder_.empty()) made.per_request_placeholder_ = shown_placeholder(piece);
      if (piece.kind == Piece::Kind::kInput && rules.find(piece.text) == nullptr) {
        return wrong_template(text, "there is no rule for what input." + piece.text +
                                        " may be: add a table input." + piece.text +
                                        " with type, max_length, pattern and the like, or with any = true");
      }
    }
    for (const Piece& piece : *argument) {
      if (piece.kind == Piece::Kind::kInput && !is_one_value(*rules.find(piece.text))) {
        return wrong_template(text, "input." + piece.text +
                                        " is no single value: a list, an object or any JSON cannot be an "
                                        "argument (input_mode says how the program gets it)");
      }
    }
    made.arguments_.push_back(std::move(*argument));
  }
  for (const Piece& piece : made.arguments_.front()) {
    if (piece.kind != Piece::Kind::kLiteral) {
      return wrong_template(argv.front(), "the program itself cannot have a placeholder");
    }
  }
  if (auto checked = made.check_defaults(); !checked) return std::move(checked).error();
  return made;
}

// "" for what is the same in every run of a model.
std::string ArgvTemplate::shown_placeholder(const Piece& piece) {
  switch (piece.kind) {
    case Piece::Kind::kLiteral:
    case Piece::Kind::kModel:
      return {};
    case Piece::Kind::kInputFile:
      return "{input_file}";
    case Piece::Kind::kOutputFile:
      return "{output_file}";
    case Piece::Kind::kId:
      return "{id}";
    case Piece::Kind::kInput:
      return "{input." + piece.text + '}';
  }
  return {};
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
        auto value = input_text(piece.text, input);
        if (!value) return value;
        if (auto placed = check_place(piece.text, *value, filled, options_ended); !placed) {
          return std::move(placed).error();
        }
        filled += *value;
        if (filled.size() > kMaxArgumentBytes) {
          return invalid_member(piece.text, "makes an argument longer than " +
                                                std::to_string(kMaxArgumentBytes) +
                                                " bytes, the system's limit");
        }
        break;
      }
    }
  }
  return filled;
}

Result<std::string> ArgvTemplate::input_text(const std::string& name, const Json& input) const {
  const Json* value = input.is_object() ? input.get_object().if_contains(name) : nullptr;
  if (value == nullptr) {
    const auto fallback = defaults_.find(name);
    if (fallback == defaults_.end()) return invalid_member(name, "is required");
    return fallback->second;
  }
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_bool()) return to_json_text(*value);
  if (value->is_number()) return number_text(*value);
  return invalid_member(name, "must be a string, a number or a boolean; got " + shown_value(*value));
}

Result<void> ArgvTemplate::check_place(const std::string& name, std::string_view text,
                                       std::string_view before, bool options_ended) const {
  // Never: an argument ends at its first NUL.
  if (text.find('\0') != std::string_view::npos) {
    return invalid_member(name, "must not contain a NUL character");
  }
  const InputRule& rule = *rules_.find(name);
  // With `any` an operator speaks of values; what would be an option is still kept out.
  const bool dash_counts = !rule.any || (before.empty() && !options_ended);
  if (text.starts_with('-') && dash_counts && !may_begin_with_dash(rule)) {
    return invalid_member(name, "must not start with '-': the program could read it as an option");
  }
  if (!may_have_slash(rule) && (text.find('/') != std::string_view::npos || text == "..")) {
    return invalid_member(name, "must not contain '/' or be \"..\": the program could read it as a path");
  }
  return {};
}

// Here a configuration fails, rather than each request that relies on it.
Result<void> ArgvTemplate::check_defaults() const {
  for (const auto& [name, text] : defaults_) {
    const InputRule* const rule = rules_.find(name);
    // What stands for a file that is not given is the operator's own: a path, or nothing.
    if (rule != nullptr && rule->type == InputRule::Type::kFile) continue;
    if (auto checked = rules_.check(name, typed_default(text, rule)); !checked) {
      return wrong_default(name, checked.error());
    }
    if (rule == nullptr) continue;
    if (auto placed = check_place(name, text, "", false); !placed) return wrong_default(name, placed.error());
  }
  return {};
}

}  // namespace shunt::generation::command
