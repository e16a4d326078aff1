#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "shunt/config/configuration.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config {

// A folder of its own, gone with the object.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "shunt-config-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make " + path);
    path_ = path;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = path_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline constexpr const char* kOneModel = "[models.simulator]\ndriver = \"simulator\"\n";

// Loads a file of this text, with these variables and flags, and with ./FILE in messages cut to "shunt.toml".
class Given {
 public:
  explicit Given(std::string text) : text_(std::move(text)) {}
  Given& variable(const std::string& name, const std::string& value) {
    environment_[name] = value;
    return *this;
  }
  Given& flag(const std::string& name, const std::string& value) {
    flags_.emplace_back(name, value);
    return *this;
  }

  [[nodiscard]] Result<Loaded> load() const {
    const ScratchFolder folder;
    Sources sources;
    sources.file = folder.write("shunt.toml", text_);
    sources.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      if (found == environment_.end()) return std::nullopt;
      return found->second;
    };
    sources.flags = flags_;
    return config::load(sources);
  }

  // Throws the message when it does not load.
  [[nodiscard]] Loaded loaded() const {
    auto result = load();
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(result).value();
  }
  // Without the scratch folder; "" when it loads.
  [[nodiscard]] std::string mistakes() const {
    const auto result = load();
    if (result) return {};
    std::string message = result.error().message;
    for (std::size_t end = 0; (end = message.find("shunt.toml", end)) != std::string::npos;) {
      const std::size_t start = message.rfind("/tmp/", end);
      if (start == std::string::npos || message.find_first_of(" \n", start) < end) {
        end += 1;
        continue;
      }
      message.erase(start, end - start);
      end = start + 1;
    }
    return message;
  }

 private:
  std::string text_;
  std::map<std::string, std::string> environment_;
  std::vector<std::pair<std::string, std::string>> flags_;
};

// How one setting came to be; throws for a name that is not there.
inline Explained explained(const Loaded& loaded, const std::string& name) {
  for (const Explained& each : loaded.explained) {
    if (each.name == name) return each;
  }
  throw std::runtime_error("no setting " + name);
}

// "shunt.toml:3" of "/tmp/.../shunt.toml:3".
inline std::string short_source(const Explained& each) {
  const std::size_t slash = each.source.rfind('/');
  return slash == std::string::npos ? each.source : each.source.substr(slash + 1);
}

}  // namespace shunt::config
