#include "write_all.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace shunt::app {

Result<void> write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // a shell may have left its end of a pipe non-blocking
      pollfd full{descriptor, POLLOUT, 0};
      (void)::poll(&full, 1, -1);
    } else if (errno != EINTR) {
      return Error{errno == EPIPE ? kBrokenPipe : ErrorCode("write_failed"), std::strerror(errno)};
    }
  }
  return {};
}

}  // namespace shunt::app
