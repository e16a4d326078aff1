#include "artifact_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "shunt/base/display_text.hpp"
#include "write_all.hpp"

namespace shunt::app {
namespace {

Error cannot_write(const std::string& path, std::string_view reason) {
  return Error{"write_failed", "cannot write " + path + ": " + std::string(reason)};
}

}  // namespace

std::string new_artifact_path(std::string_view model, std::string_view artifact) {
  // One name in this folder that a terminal shows, whatever somebody called the artifact.
  std::string text = displayable(std::string(model) + '-' + std::string(artifact));
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '/' || c == ':' || c == '\\'; }, '-');
  const std::filesystem::path name(text);
  std::filesystem::path path = name;
  std::error_code ignored;
  for (int number = 2; std::filesystem::exists(path, ignored); ++number) {
    path = name.stem().string() + '-' + std::to_string(number) + name.extension().string();
  }
  return path.string();
}

Result<void> check_writable(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return cannot_write(path, "it is a folder");
  if (std::filesystem::exists(path, ignored)) {
    if (::access(path.c_str(), W_OK) != 0) return cannot_write(path, std::strerror(errno));
    return {};
  }
  const auto folder = std::filesystem::path(path).parent_path();
  const std::string parent = folder.empty() ? "." : folder.string();
  if (!std::filesystem::is_directory(parent, ignored)) {
    return cannot_write(path, "there is no folder " + parent);
  }
  if (::access(parent.c_str(), W_OK) != 0) return cannot_write(path, std::strerror(errno));
  return {};
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return cannot_write(path, std::strerror(errno));
  auto written = write_all(file, bytes);
  // A full disk may be reported here only.
  if (::close(file) != 0 && written) return cannot_write(path, std::strerror(errno));
  if (!written) return cannot_write(path, written.error().message);
  return {};
}

}  // namespace shunt::app
