#include "drivers/openai/secret_source.hpp"

#include <algorithm>
#include <fstream>

#include "shunt/base/secrets.hpp"

namespace shunt::generation::openai {
namespace {

// A key is some hundred bytes; whatever is longer is not the file that was meant.
constexpr std::size_t kMaxSecretBytes = 16 * 1024;

std::string trimmed(const std::string& text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Result<std::string> checked(std::string_view option, const std::string& text) {
  std::string secret = trimmed(text);
  if (secret.empty()) return wrong_option(option, "leads to an empty key");
  if (secret.size() > kMaxSecretBytes || !is_header_value(secret)) {
    return wrong_option(option, "leads to something that is no key: one line of printable ASCII is expected");
  }
  return secret;
}

}  // namespace

bool is_header_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

Error wrong_option(std::string_view option, std::string message) {
  return invalid_field("/" + std::string(option), std::string(option) + ' ' + std::move(message),
                       "invalid_configuration");
}

Result<std::string> secret_from_env(std::string_view option, const std::string& variable) {
  const auto value = environment_variable(variable);
  if (!value) return wrong_option(option, "names " + variable + ", which is not set");
  return checked(option, *value);
}

Result<std::string> secret_from_file(std::string_view option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxSecretBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) {
    return wrong_option(option, "names " + path + ", which cannot be read");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return checked(option, text);
}

}  // namespace shunt::generation::openai
