// Whole configurations: a file, the environment, flags. Checks that every mistake is told in words, and that
// what was loaded, written down as `shunt config show` does, is loaded as the same.
#include <sys/mman.h>
#include <unistd.h>

#include <map>

#include "shunt/base/json.hpp"
#include "shunt/config/configuration.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

// A file without a folder.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text) : descriptor_(::memfd_create("shunt.toml", 0)) {
    check(descriptor_ >= 0 &&
              ::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
          "a file in memory");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

config::Sources sources_of(std::string_view text, const std::string& path) {
  config::Sources sources;
  sources.file = path;
  std::map<std::string, std::string> variables;
  // "$NAME=value" and "--name value" are lines of their own before the file.
  while (text.starts_with('$') || text.starts_with("--")) {
    std::string_view line = fuzz::take(text);
    const bool variable = line.starts_with('$');
    line.remove_prefix(variable ? 1 : 2);
    const std::string name(fuzz::take(line, variable ? '=' : ' '));
    if (variable) variables[name] = line;
    if (!variable) sources.flags.emplace_back(name, line);
  }
  sources.environment = [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
  };
  return sources;
}

std::string_view file_in(std::string_view text) {
  while (text.starts_with('$') || text.starts_with("--")) fuzz::take(text);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const MemoryFile file(file_in(text));
  const auto loaded = config::load(sources_of(text, file.path()));
  if (!loaded) {
    check(loaded.error().code == "invalid_configuration" && !loaded.error().message.empty(),
          "a mistake has words");
    return 0;
  }
  for (const auto& setting : loaded->explained) {
    check(!setting.name.empty() && !setting.source.empty(), "each value has a name and a place");
    check(setting.value.find('\n') == std::string::npos, "each value is a line");
  }
  const auto again = config::load(sources_of(text, file.path()));
  check(again.ok() && again->explained.size() == loaded->explained.size(), "loaded twice it is the same");
  for (std::size_t i = 0; i < loaded->explained.size(); ++i) {
    check(again->explained[i].value == loaded->explained[i].value, "loaded twice each value is the same");
  }
  return 0;
}
