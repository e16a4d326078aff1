#include <string>

#include "init/unit_file.hpp"
#include "shunt/site/configuration_text.hpp"

namespace shunt::site {
namespace {

constexpr std::string_view kStart = "ExecStart=";

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

}  // namespace

std::string unit_text(std::string_view binary, std::string_view configuration) {
  std::string text(unit_file());
  const std::size_t begin = text.find(kStart) + kStart.size();
  const std::size_t end = text.find('\n', begin);
  const std::string command = unit_word(binary) + " serve --config " + unit_word(configuration);
  return text.replace(begin, end - begin, command);
}

}  // namespace shunt::site
