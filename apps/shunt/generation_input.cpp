#include "generation_input.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

namespace shunt::app {
namespace {

Error refused(std::string message) {
  return Error{"invalid_request", std::move(message)};
}

// What a shell's echo or an editor adds at the end is not part of the text.
std::string without_last_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return refused("cannot read " + path + ": " + std::strerror(errno));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return refused("cannot read " + path + ": " + std::strerror(errno));
  return text;
}

Result<JsonObject> parse_input(const std::string& argument) {
  std::string text = argument;
  const std::string source = argument.starts_with('@') ? argument.substr(1) : "--input";
  if (argument.starts_with('@')) {
    auto read = read_file(source);
    if (!read) return std::move(read).error();
    text = std::move(*read);
  }
  auto json = parse_json(text);
  if (!json) return refused(source + ": " + json.error().message);
  if (!json->is_object()) return refused(source + ": expected a JSON object such as {\"text\": \"hello\"}");
  return json->get_object();
}

std::string read_text(const std::string& argument) {
  if (argument != "-") return argument;
  return without_last_newline(std::string(std::istreambuf_iterator<char>(std::cin), {}));
}

}  // namespace

Result<Json> build_input(const GenerateOptions& options, const Model& model) {
  JsonObject input;
  if (options.input) {
    auto parsed = parse_input(*options.input);
    if (!parsed) return std::move(parsed).error();
    input = std::move(*parsed);
  }
  const std::string& field = model.text_field;
  if (!options.text) {
    if (!options.input && options.files.empty() && !field.empty()) {
      return refused(
          "nothing to generate from: give the text as an argument, - to read it from standard "
          "input, or the whole input with --input");
    }
    return Json(std::move(input));
  }
  if (field.empty()) {
    return refused("the model \"" + model.name + "\" takes no plain text: give its input with --input");
  }
  if (input.contains(field)) {
    return refused("the text is given twice: as TEXT and as \"" + field + "\" in --input");
  }
  input.insert_or_assign(field, read_text(*options.text));
  return Json(std::move(input));
}

}  // namespace shunt::app
