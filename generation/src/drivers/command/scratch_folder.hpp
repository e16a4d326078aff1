#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace shunt::command {

// A fresh folder under the system's temporary one, removed with everything in it. path() is empty when it
// could not be made.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code failure;
    std::string pattern = (std::filesystem::temp_directory_path(failure) / "shunt-XXXXXX").string();
    if (!failure && ::mkdtemp(pattern.data()) != nullptr) path_ = std::move(pattern);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    if (path_.empty()) return;
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace shunt::command
