// Sends POST /v1/generations at a fixed rate, whatever the answers take, and prints their latencies, counted
// from the moment when each request was due. Usage: bench_rate PORT REQUESTS_A_SECOND SECONDS TOKENS. One
// thread, epoll.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int fd = -1;
  bool busy = false;
  Clock::time_point due;
  std::string answer;

  // Whether the whole answer is here.
  [[nodiscard]] bool complete() const {
    const auto head = answer.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    constexpr std::string_view kLength = "Content-Length: ";
    const auto length = answer.find(kLength);
    if (length > head) return false;
    return answer.size() >= head + 4 + std::strtoul(answer.c_str() + length + kLength.size(), nullptr, 10);
  }
};

class Load {
 public:
  Load(int port, std::string request)
      : port_(port), request_(std::move(request)), epoll_(::epoll_create1(0)) {}

  void send(Clock::time_point due) {
    Connection& connection = idle();
    connection.busy = true;
    connection.due = due;
    connection.answer.clear();
    if (::send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request_.size())) {
      std::exit(1);
    }
    ++open_;
  }

  // Takes answers until `until`, or until none is due.
  void receive(Clock::time_point until) {
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until - Clock::now()).count();
      if (left <= 0) return;
      std::array<epoll_event, 64> ready{};
      const timespec patience{left / 1'000'000, (left % 1'000'000) * 1'000};
      const int some =
          ::epoll_pwait2(epoll_, ready.data(), static_cast<int>(ready.size()), &patience, nullptr);
      for (int i = 0; i < some; ++i) take(connections_[ready[static_cast<std::size_t>(i)].data.u64]);
    }
  }

  [[nodiscard]] std::size_t open() const { return open_; }
  [[nodiscard]] std::size_t failed() const { return failed_; }
  std::vector<double>& latencies() { return latencies_; }

 private:
  Connection& idle() {
    for (Connection& connection : connections_) {
      if (!connection.busy) return connection;
    }
    Connection& made = connections_.emplace_back();
    made.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(made.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(made.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      std::perror("connect");
      std::exit(1);
    }
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.u64 = connections_.size() - 1;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, made.fd, &interest);
    return made;
  }

  void take(Connection& connection) {
    std::array<char, 16 * 1024> bytes{};
    const ssize_t received = ::recv(connection.fd, bytes.data(), bytes.size(), 0);
    if (received <= 0) std::exit(1);
    connection.answer.append(bytes.data(), static_cast<std::size_t>(received));
    if (!connection.complete()) return;
    latencies_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - connection.due).count());
    if (!connection.answer.starts_with("HTTP/1.1 200 ")) ++failed_;
    connection.busy = false;
    --open_;
  }

  const int port_;
  const std::string request_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::vector<double> latencies_;
  std::size_t open_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int rate = std::atoi(argv[2]);
  const std::size_t count = static_cast<std::size_t>(rate) * static_cast<std::size_t>(std::atoi(argv[3]));
  const std::string body =
      std::string(R"({"model":"simulator","input":{"prompt":"x","tokens":)") + argv[4] + "}}";
  Load load(std::atoi(argv[1]),
            "POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            "application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
  const auto gap = std::chrono::nanoseconds(1'000'000'000 / rate);
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    const auto due = begin + static_cast<long>(i) * gap;
    load.receive(due);
    load.send(due);
  }
  const auto patience = Clock::now() + std::chrono::seconds(10);
  while (load.open() > 0 && Clock::now() < patience)
    load.receive(Clock::now() + std::chrono::milliseconds(10));
  auto& latencies = load.latencies();
  if (latencies.empty()) return 1;
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&latencies](double part) {
    return latencies[std::min(latencies.size() - 1,
                              static_cast<std::size_t>(part * static_cast<double>(latencies.size())))];
  };
  std::printf("answers %zu\nlost %zu\nfailed %zu\np50 %.0f\np99 %.0f\nmax %.0f\n", latencies.size(),
              load.open(), load.failed(), at(0.5), at(0.99), latencies.back());
  return 0;
}
