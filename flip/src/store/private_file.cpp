#include "store/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "store/owned_descriptor.hpp"

namespace shunt::flip {
namespace {

constexpr mode_t kOwnerOnly = 0600;

Error unwritable(const std::string& path, const char* step) {
  return {"file_unwritable", path + " cannot be written (" + step + "): " + std::strerror(errno)};
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text) {
  // One name: what a process that was killed has left is written over.
  const std::string beside = path + ".tmp";
  {
    const OwnedDescriptor file(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
    if (!file.ok()) return unwritable(beside, "open");
    const bool is_private = ::fchmod(file.get(), kOwnerOnly) == 0;
    if (!is_private || !write_all(file.get(), text) || ::fsync(file.get()) != 0) {
      Error error = unwritable(beside, "write");
      ::unlink(beside.c_str());
      return error;
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    Error error = unwritable(path, "rename");
    ::unlink(beside.c_str());
    return error;
  }
  // The new name has to be on the disk, too.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const OwnedDescriptor parent(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.ok() || ::fsync(parent.get()) != 0) return unwritable(path, "folder");
  return {};
}

Result<std::optional<std::string>> read_file(const std::string& path, std::size_t most) {
  // A pipe in the file's place must not hold up the start.
  const OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok() && errno == ENOENT) return std::optional<std::string>();
  const auto unreadable = [&](const std::string& why) {
    return Error{"file_unreadable", path + " cannot be read: " + why};
  };
  if (!file.ok()) return unreadable(std::strerror(errno));
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return unreadable(std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return unreadable("it is no regular file");
  if (static_cast<std::size_t>(about.st_size) > most) {
    return unreadable("at most " + std::to_string(most) + " bytes are expected, it has " +
                      std::to_string(about.st_size));
  }
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t got = 0;
  while (got < text.size()) {
    const ssize_t count = ::read(file.get(), text.data() + got, text.size() - got);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(std::strerror(errno));
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  text.resize(got);
  return std::optional<std::string>(std::move(text));
}

}  // namespace shunt::flip
