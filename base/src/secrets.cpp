#include "shunt/base/secrets.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

namespace shunt::base {
namespace {

constexpr std::size_t kMaxSecretBytes = 16 * 1024;

// What was hidden. The process's environment is one, and so is what was taken from it.
struct Hidden {
  std::mutex mutex;
  std::map<std::string, std::string> values;
};

Hidden& hidden() {
  // Never destroyed: threads may ask while the process exits.
  static Hidden* const instance = new Hidden;
  return *instance;
}

// A name may stand in the block more than once; the first one counts.
void overwrite(const std::string& name) {
  const std::string prefix = name + '=';
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, prefix.c_str(), prefix.size()) != 0) continue;
    char* const value = *entry + prefix.size();
    ::explicit_bzero(value, std::strlen(value));
  }
}

Error unusable(const std::string& file, std::string_view why) {
  return {"invalid_configuration", file + ": " + std::string(why)};
}

}  // namespace

std::optional<std::string> environment_variable(const std::string& name) {
  {
    const std::lock_guard lock(hidden().mutex);
    const auto found = hidden().values.find(name);
    if (found != hidden().values.end()) return found->second;
  }
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void hide_variables(const std::vector<std::string>& names) {
  const std::lock_guard lock(hidden().mutex);
  for (const std::string& name : names) {
    const char* const value = std::getenv(name.c_str());
    if (name.empty() || value == nullptr) continue;
    hidden().values[name] = value;
    overwrite(name);
    ::unsetenv(name.c_str());
  }
}

Result<std::string> read_secret_file(const std::string& file) {
  // Opening must not wait, as it would for a pipe that nobody writes to.
  const int opened = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (opened < 0) return unusable(file, std::strerror(errno));
  struct stat status{};
  const bool is_folder = ::fstat(opened, &status) == 0 && S_ISDIR(status.st_mode);
  std::string text(kMaxSecretBytes + 1, '\0');
  const ssize_t count = is_folder ? 0 : ::read(opened, text.data(), text.size());
  const int number = errno;
  ::close(opened);
  if (is_folder) return unusable(file, "it is a folder");
  if (count < 0) return unusable(file, std::strerror(number));
  text.resize(static_cast<std::size_t>(count));
  std::string line = text.substr(0, text.find('\n'));
  while (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return unusable(file, "its first line is empty");
  if (line.size() > kMaxSecretBytes) {
    return unusable(file, "its first line is longer than " + std::to_string(kMaxSecretBytes) + " bytes");
  }
  return line;
}

}  // namespace shunt::base
