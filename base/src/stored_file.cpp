#include "shunt/base/stored_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace shunt::base {

StoredFile::StoredFile(const std::filesystem::path& path, int flags, unsigned mode)
    : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}

int StoredFile::close() {
  return descriptor_ < 0 ? 0 : ::close(std::exchange(descriptor_, -1));
}

int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::variant<std::string, PartNotRead> read_part(const std::filesystem::path& path, std::uint64_t size,
                                                 std::uint64_t offset, std::size_t length) {
  // A pipe must not make us wait for its writer.
  const StoredFile file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat status{};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return PartNotRead{"opening", errno};
  if (!S_ISREG(status.st_mode)) return PartNotRead{"reading what is no file", EIO};
  // Before room is made for what is not there.
  if (size != static_cast<std::uint64_t>(status.st_size) || offset > size || length > size - offset) {
    return PartNotRead{"reading what has another size than it is said to have", EIO};
  }
  std::string bytes(length, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t count =
        ::pread(file.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return PartNotRead{"reading", count < 0 ? errno : EIO};
    have += static_cast<std::size_t>(count);
  }
  return bytes;
}

int sync_folder(const std::filesystem::path& folder) {
  const StoredFile opened(folder, O_RDONLY | O_DIRECTORY);
  return opened.is_open() && ::fsync(opened.get()) != 0 ? errno : 0;
}

int make_private_folder(const std::filesystem::path& folder) {
  constexpr mode_t kPrivate = 0700;
  if (::mkdir(folder.c_str(), kPrivate) == 0 || errno == EEXIST) return 0;
  if (const int number = errno; number != ENOENT || !folder.has_parent_path()) return number;
  if (const int number = make_private_folder(folder.parent_path()); number != 0) return number;
  return ::mkdir(folder.c_str(), kPrivate) == 0 || errno == EEXIST ? 0 : errno;
}

Error store_failed(ErrorCode code, std::string_view what, const std::filesystem::path& path, int number) {
  Error error{code, std::string(what) + " failed: " + std::strerror(number), Retryable::kYes};
  return std::move(error).with_internal(path.string());
}

}  // namespace shunt::base
