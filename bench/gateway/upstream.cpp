// An upstream that costs next to nothing: it answers every POST with a streamed chat completion of TOKENS
// chunks, all written at once. A request whose body names "hold" gets one chunk a second instead, HOLD of
// them, so that streams stay open. Usage: bench_chat_upstream PORT TOKENS HOLD. One thread, epoll.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kOther =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n"
    R"({"object":"list","data":[]})";

std::string http_chunk(std::string_view text) {
  std::array<char, 20> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
  return std::string(size.data()).append(text).append("\r\n");
}

std::string event(std::string_view delta, std::string_view finish) {
  return http_chunk(
      std::string(R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,)")
          .append(R"("model":"bench","choices":[{"index":0,"delta":)")
          .append(delta)
          .append(R"(,"finish_reason":)")
          .append(finish)
          .append("}]}\n\n"));
}

const std::string& token() {
  static const std::string text = event(R"({"role":"assistant","content":" hump"})", "null");
  return text;
}

std::string end() {
  return event("{}", R"("stop")") + http_chunk("data: [DONE]\n\n") + "0\r\n\r\n";
}

struct Connection {
  std::string unread;
  int left = 0;  // chunks of a stream that is held open
};

class Upstream {
 public:
  Upstream(int port, int tokens, int hold)
      : hold_(hold), epoll_(::epoll_create1(0)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    whole_ = kHead;
    for (int i = 0; i < tokens; ++i) whole_ += token();
    whole_ += end();
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 4096) != 0) {
      std::perror("listen");
      std::exit(1);
    }
    watch(listener_);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> ready{};
    auto tick = Clock::now() + std::chrono::seconds(1);
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(tick - Clock::now()).count();
      const int some = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                                    static_cast<int>(std::max<long>(left, 0)));
      for (int i = 0; i < some; ++i) {
        const int fd = ready[static_cast<std::size_t>(i)].data.fd;
        fd == listener_ ? accept() : read(fd);
      }
      if (Clock::now() < tick) continue;
      tick += std::chrono::seconds(1);
      for (auto& [fd, connection] : connections_) go_on(fd, connection);
    }
  }

 private:
  void watch(int fd) {
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &interest);
  }

  void accept() {
    const int fd = ::accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_[fd] = {};
    watch(fd);
  }

  void read(int fd) {
    std::array<char, 16 * 1024> bytes{};
    const ssize_t received = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (received <= 0) {
      connections_.erase(fd);
      ::close(fd);
      return;
    }
    Connection& connection = connections_[fd];
    connection.unread.append(bytes.data(), static_cast<std::size_t>(received));
    answer(fd, connection);
  }

  void answer(int fd, Connection& connection) {
    const auto head = connection.unread.find("\r\n\r\n");
    if (head == std::string::npos) return;
    // Node writes its header names in lower case, others do not.
    const char* const length = ::strcasestr(connection.unread.c_str(), "\r\ncontent-length:");
    const std::size_t body = length == nullptr ? 0 : std::strtoul(length + 17, nullptr, 10);
    if (connection.unread.size() < head + 4 + body) return;
    if (!connection.unread.starts_with("POST ")) {
      write(fd, kOther);
    } else if (connection.unread.find("hold", head) == std::string::npos) {
      write(fd, whole_);
    } else {
      connection.left = hold_;
      write(fd, std::string(kHead) + token());
    }
    connection.unread.erase(0, head + 4 + body);
  }

  static void go_on(int fd, Connection& connection) {
    if (connection.left == 0) return;
    write(fd, --connection.left > 0 ? token() : end());
  }

  static void write(int fd, std::string_view text) {
    // An answer fits into the socket's buffer; a peer that has gone is seen when it is read.
    [[maybe_unused]] const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

  const int hold_;
  const int epoll_;
  const int listener_;
  std::string whole_;
  std::unordered_map<int, Connection> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  Upstream(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3])).run();
}
