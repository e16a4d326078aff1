#include <string>

#include "init/unit_file.hpp"
#include "shunt/site/configuration_text.hpp"

namespace shunt::site {
namespace {

// As systemd reads a word of a command: in quotes, with % and $ doubled.
std::string unit_word(std::string_view word) {
  std::string quoted = "\"";
  for (const char c : word) {
    if (c == '%' || c == '$') quoted += c;
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// What the line of `text` that begins with `name` has behind that.
void set_line(std::string& text, std::string_view name, const std::string& value) {
  const std::size_t begin = text.find('\n' + std::string(name)) + 1 + name.size();
  text.replace(begin, text.find('\n', begin) - begin, value);
}

}  // namespace

std::string unit_text(std::string_view binary, std::string_view configuration) {
  std::string text(unit_file());
  const std::string program = unit_word(binary);
  const std::string of = " --config " + unit_word(configuration);
  set_line(text, "ExecStart=", program + " serve" + of);
  set_line(text, "ExecStartPost=", '-' + program + " health" + of + " --wait 20s");
  return text;
}

}  // namespace shunt::site
