#include "drivers/command/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "drivers/command/owned_fd.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

// What is read at once, and so the least room for what a file has grown by.
constexpr std::size_t kStep = 64 * 1024;

Error invalid(std::string_view subject, std::string_view message) {
  return {error_code::kInvalidOutput, std::string(subject).append(" ").append(message)};
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

Error not_opened(std::string_view subject, int number) {
  // O_NOFOLLOW's answer for a link; sockets, and pipes that are asked for something else, say ENXIO.
  if (number == ELOOP) return invalid(subject, "is a symbolic link, which is not followed");
  if (number == ENXIO) return invalid(subject, "is not a regular file");
  if (number == ENOENT) return invalid(subject, "is not there");
  return invalid(subject, std::string("cannot be read: ") + std::strerror(number));
}

}  // namespace

Error output_limit_error(std::size_t max_bytes) {
  Error error{error_code::kProgramLimit,
              "the program's output exceeded its limit of " + std::to_string(max_bytes) + " bytes"};
  return std::move(error).with("limit_name", std::string("output")).with("limit", max_bytes);
}

Result<std::string> read_output_file(int directory, const std::string& name, std::size_t max_bytes,
                                     DriverMemory& memory, std::string_view subject) {
  const OwnedFd file(
      ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return not_opened(subject, errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return not_opened(subject, errno);
  if (!S_ISREG(status.st_mode)) {
    return invalid(subject, "is " + std::string(kind_of(status.st_mode)) + ", not a regular file");
  }
  if (status.st_nlink != 1) {
    return invalid(subject, "is a file that has other names, too: it may be anybody's");
  }
  const auto expected = static_cast<std::size_t>(status.st_size);
  if (expected > max_bytes) return output_limit_error(max_bytes);
  std::string bytes;
  std::size_t size = 0;
  while (true) {
    if (size == bytes.size()) {
      // Beyond what was expected the text's memory doubles.
      const std::size_t more = std::max(expected + 1, size + kStep);
      if (!memory.hold(std::max(more, 2 * bytes.size()))) return driver_overload();
      bytes.resize(more);
    }
    const ssize_t count = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return not_opened(subject, errno);
    size += static_cast<std::size_t>(count);
    if (size > max_bytes) return output_limit_error(max_bytes);
    if (count == 0) break;
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace shunt::generation::command
