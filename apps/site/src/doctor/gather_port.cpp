#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>

#include "doctor/small_file.hpp"
#include "shunt/http/blocking_client.hpp"
#include "shunt/site/gather.hpp"

namespace shunt::site {
namespace {

namespace fs = std::filesystem;

class Socket {
 public:
  explicit Socket(int family) : descriptor_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const noexcept { return descriptor_; }

 private:
  const int descriptor_;
};

int try_to_listen(const addrinfo& address) {
  const Socket socket(address.ai_family);
  if (socket.get() < 0) return errno;
  const int on = 1;
  // As the service does: connections of before do not keep a port.
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  return ::listen(socket.get(), 1) == 0 ? 0 : errno;
}

int try_to_listen(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return EADDRNOTAVAIL;
  const int failure = try_to_listen(*found);
  ::freeaddrinfo(found);
  return failure;
}

// The process that has a descriptor for a socket, as far as this user may look.
std::string holder_of(std::uint64_t inode) {
  const std::string wanted = "socket:[" + std::to_string(inode) + ']';
  std::error_code failure;
  for (fs::directory_iterator process("/proc", failure); !failure && process != fs::directory_iterator();
       process.increment(failure)) {
    const std::string id = process->path().filename().string();
    if (id.find_first_not_of("0123456789") != std::string::npos) continue;
    std::error_code forbidden;
    for (fs::directory_iterator file(process->path() / "fd", forbidden);
         !forbidden && file != fs::directory_iterator(); file.increment(forbidden)) {
      std::error_code gone;
      if (fs::read_symlink(file->path(), gone) != wanted) continue;
      std::string name = small_file(process->path().string() + "/comm");
      name.erase(name.find_last_not_of('\n') + 1);
      return name + " (process " + id + ')';
    }
  }
  return {};
}

std::string holder_of_port(std::uint16_t port) {
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    if (const auto inode = listening_inode(small_file(table), port)) {
      if (std::string holder = holder_of(*inode); !holder.empty()) return holder;
    }
  }
  return {};
}

bool answers_as_shunt(const std::string& host, std::uint16_t port) {
  constexpr std::chrono::milliseconds kWithin{1'000};
  constexpr std::size_t kMostBytes = 1'024;
  const bool anywhere = host == "0.0.0.0" || host == "::";
  const std::string reached = anywhere                              ? "127.0.0.1"
                              : host.find(':') != std::string::npos ? '[' + host + ']'
                                                                    : host;
  http::ClientRequest request;
  request.url = "http://" + reached + ':' + std::to_string(port) + "/healthz";
  request.connection = http::ConnectionUse::kOwn;
  request.connect_timeout = kWithin;
  request.total_timeout = kWithin;
  request.max_response_bytes = kMostBytes;
  http::BlockingClient client;
  const http::ClientResponse response = client.perform(std::move(request));
  return response.complete() && response.head.status == 200 && response.body == R"({"status":"ok"})";
}

}  // namespace

PortFacts gather_port(const std::string& address, std::uint16_t port) {
  PortFacts facts;
  facts.address = address;
  facts.port = port;
  facts.failure = try_to_listen(address, port);
  if (facts.failure != EADDRINUSE) return facts;
  facts.holder = holder_of_port(port);
  facts.answers_as_shunt = answers_as_shunt(address, port);
  return facts;
}

}  // namespace shunt::site
