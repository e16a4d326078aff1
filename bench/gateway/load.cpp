// Sends a streamed chat completion again and again and takes the answers' times. REQUEST is a file with one
// whole HTTP request. Usage:
//   bench_chat_load PORT REQUEST TOKENS closed CONNECTIONS SECONDS   as fast as that many connections go
//   bench_chat_load PORT REQUEST TOKENS rate A_SECOND SECONDS        counted from when each request was due
//   bench_chat_load PORT REQUEST TOKENS hold STREAMS PATIENCE        prints "open" when all have begun
// An answer is wrong unless it is 200, has TOKENS tokens and ends with [DONE]. One thread, epoll.
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
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

// A token of the upstream's. A gateway may put several that came at once into one chunk.
constexpr std::string_view kToken = " hump";

struct Connection {
  int fd = -1;
  bool busy = false;
  bool begun = false;
  Clock::time_point due;
  std::string answer;
};

class Load {
 public:
  Load(int port, std::string request, int tokens)
      : port_(port), tokens_(tokens), request_(std::move(request)), epoll_(::epoll_create1(0)) {}

  void send(Clock::time_point due) {
    const std::size_t index = idle();
    Connection& connection = connections_[index];
    connection.busy = true;
    connection.begun = false;
    connection.due = due;
    connection.answer.clear();
    ++open_;
    if (::send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request_.size())) {
      finish(index, false);
    }
  }

  // Takes what comes until `until`.
  void receive(Clock::time_point until) {
    while (receive_once(until)) {
    }
  }

  // Takes what is there, after waiting for it until `until`; whether there is time left.
  bool receive_once(Clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    std::array<epoll_event, 256> ready{};
    const timespec patience{left / 1'000'000, (left % 1'000'000) * 1'000};
    const int some = ::epoll_pwait2(epoll_, ready.data(), static_cast<int>(ready.size()), &patience, nullptr);
    for (int i = 0; i < some; ++i) take(ready[static_cast<std::size_t>(i)].data.u64);
    return true;
  }

  [[nodiscard]] std::size_t open() const { return open_; }
  [[nodiscard]] std::size_t begun() const { return begun_; }

  void print(double elapsed) {
    std::sort(whole_.begin(), whole_.end());
    std::sort(first_.begin(), first_.end());
    std::printf("answers %zu\nwrong %zu\nunanswered %zu\nrate %.1f\n", whole_.size(), wrong_, open_,
                static_cast<double>(whole_.size()) / elapsed);
    if (whole_.empty()) return;
    std::printf("p50 %.0f\np99 %.0f\nfirst_p50 %.0f\nfirst_p99 %.0f\n", at(whole_, 0.5), at(whole_, 0.99),
                at(first_, 0.5), at(first_, 0.99));
  }

 private:
  static double at(const std::vector<double>& sorted, double part) {
    const auto index = static_cast<std::size_t>(part * static_cast<double>(sorted.size()));
    return sorted[std::min(sorted.size() - 1, index)];
  }

  std::size_t idle() {
    if (idle_.empty()) {
      connections_.emplace_back();
      idle_.push_back(connections_.size() - 1);
    }
    const std::size_t index = idle_.back();
    idle_.pop_back();
    if (connections_[index].fd < 0) connect(index);
    return index;
  }

  void connect(std::size_t index) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      std::perror("connect");
      std::exit(1);
    }
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &interest);
    connections_[index].fd = fd;
  }

  void disconnect(Connection& connection) {
    ::close(connection.fd);
    connection.fd = -1;
  }

  void take(std::size_t index) {
    Connection& connection = connections_[index];
    std::array<char, 32 * 1024> bytes{};
    const ssize_t received = ::recv(connection.fd, bytes.data(), bytes.size(), 0);
    if (received <= 0) {
      disconnect(connection);
      if (connection.busy) finish(index, false);
      return;
    }
    connection.answer.append(bytes.data(), static_cast<std::size_t>(received));
    if (!connection.begun && connection.answer.find(kToken) != std::string::npos) {
      connection.begun = true;
      ++begun_;
      first_.push_back(since(connection.due));
    }
    if (connection.answer.ends_with("\r\n0\r\n\r\n")) {
      finish(index, correct(connection.answer));
    } else if (!connection.answer.starts_with("HTTP/1.1 200")) {
      refuse(index);  // an error's answer is not chunked: its end would not be seen
    }
  }

  void refuse(std::size_t index) {
    Connection& connection = connections_[index];
    if (wrong_ == 0) std::fprintf(stderr, "%s\n", connection.answer.c_str());
    disconnect(connection);
    finish(index, false);
  }

  void finish(std::size_t index, bool is_correct) {
    Connection& connection = connections_[index];
    if (is_correct) {
      whole_.push_back(since(connection.due));
    } else {
      ++wrong_;
    }
    connection.busy = false;
    idle_.push_back(index);
    --open_;
  }

  [[nodiscard]] bool correct(std::string_view answer) const {
    int found = 0;
    for (auto at = answer.find(kToken); at != std::string_view::npos; at = answer.find(kToken, at + 1))
      ++found;
    return found == tokens_ && answer.find("data: [DONE]") != std::string_view::npos;
  }

  static double since(Clock::time_point then) {
    return std::chrono::duration<double, std::micro>(Clock::now() - then).count();
  }

  const int port_;
  const int tokens_;
  const std::string request_;
  const int epoll_;
  std::deque<Connection> connections_;
  std::vector<std::size_t> idle_;
  std::vector<double> whole_;
  std::vector<double> first_;
  std::size_t open_ = 0;
  std::size_t begun_ = 0;
  std::size_t wrong_ = 0;
};

void closed(Load& load, std::size_t connections, int duration) {
  const auto end = Clock::now() + seconds(duration);
  do {
    while (load.open() < connections) load.send(Clock::now());
  } while (load.receive_once(end));
}

void fixed_rate(Load& load, int rate, int duration) {
  const auto gap = std::chrono::nanoseconds(1'000'000'000 / rate);
  const auto begin = Clock::now();
  for (int i = 0; i < rate * duration; ++i) {
    const auto due = begin + i * gap;
    load.receive(due);
    load.send(due);
  }
  const auto patience = Clock::now() + seconds(10);
  while (load.open() > 0 && load.receive_once(patience)) {
  }
}

void hold(Load& load, std::size_t streams, int patience) {
  const auto end = Clock::now() + seconds(patience);
  for (std::size_t i = 0; i < streams; ++i) load.send(Clock::now());
  bool told = false;
  while (load.open() > 0 && load.receive_once(end)) {
    if (told || load.begun() < streams) continue;
    told = true;
    std::puts("open");
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::ifstream file(argv[2], std::ios::binary);
  Load load(std::atoi(argv[1]), std::string(std::istreambuf_iterator<char>(file), {}), std::atoi(argv[3]));
  const std::string_view mode = argv[4];
  const int amount = std::atoi(argv[5]);
  const int duration = std::atoi(argv[6]);
  const auto begin = Clock::now();
  if (mode == "closed") {
    closed(load, static_cast<std::size_t>(amount), duration);
  } else if (mode == "rate") {
    fixed_rate(load, amount, duration);
  } else {
    hold(load, static_cast<std::size_t>(amount), duration);
  }
  load.print(std::chrono::duration<double>(Clock::now() - begin).count());
}
