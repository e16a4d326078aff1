// Holds N server-sent event streams at once and checks each: events numbered from 1 without a gap, the last
// one `succeeded`. Usage: bench_streams PORT N TOKENS GAP_MS. Prints "open" when all streams have begun, then
// the totals, and how long deltas took from their `at` to here, in ms. One thread, epoll.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

// Takes an HTTP/1.1 chunked response apart, byte by byte.
class Stream {
 public:
  int fd = -1;
  bool ok = true;

  [[nodiscard]] bool begun() const { return last_id_ > 0; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::size_t events() const { return last_id_; }
  // The delay of each delta since the last call, in ms.
  std::vector<double> take_delays() { return std::exchange(delays_, {}); }

  void push(std::string_view bytes) {
    for (const char c : bytes) push(c);
  }

 private:
  enum class State { kHeader, kChunkSize, kChunk, kChunkEnd } state_ = State::kHeader;

  void push(char c) {
    switch (state_) {
      case State::kHeader:
        line_ += c;
        if (line_.ends_with("\r\n\r\n")) {
          ok = ok && line_.starts_with("HTTP/1.1 200 ");
          line_.clear();
          state_ = State::kChunkSize;
        }
        break;
      case State::kChunkSize:
        if (c == '\n') {
          std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
          line_.clear();
          state_ = left_ > 0 ? State::kChunk : State::kChunkEnd;
        } else {
          line_ += c;
        }
        break;
      case State::kChunk:
        take(c);
        if (--left_ == 0) state_ = State::kChunkEnd;
        break;
      case State::kChunkEnd:
        if (c == '\n') state_ = State::kChunkSize;
        break;
    }
  }

  void take(char c) {
    if (c != '\n') {
      text_ += c;
      return;
    }
    if (text_.starts_with("id: ")) {
      std::size_t id = 0;
      std::from_chars(text_.data() + 4, text_.data() + text_.size(), id);
      ok = ok && id == last_id_ + 1;
      last_id_ = id;
    }
    if (text_ == "event: succeeded") ended_ = true;
    if (text_.starts_with("data: ") && text_.find("\"type\":\"delta\"") != std::string::npos) measure();
    text_.clear();
  }

  // From the time of day in "at":"2026-11-25T08:33:16.593Z"; both clocks are this machine's.
  void measure() {
    const auto at = text_.find("\"at\":\"");
    int hour = 0;
    int minute = 0;
    int second = 0;
    int millisecond = 0;
    if (at == std::string::npos ||
        std::sscanf(text_.c_str() + at + 16, "T%d:%d:%d.%dZ", &hour, &minute, &second, &millisecond) != 4) {
      return;
    }
    constexpr double kDay = 86'400'000;
    const double now = static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                               std::chrono::system_clock::now().time_since_epoch())
                                               .count() %
                                           86'400'000);
    const double then = 1000.0 * (60 * (60 * hour + minute) + second) + millisecond;
    delays_.push_back(now >= then ? now - then : now - then + kDay);
  }

  std::string line_;
  std::string text_;
  std::vector<double> delays_;
  std::size_t left_ = 0;
  std::size_t last_id_ = 0;
  bool ended_ = false;
};

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("connect");
    std::exit(1);
  }
  return fd;
}

std::string request(const char* tokens, const char* gap_ms) {
  const std::string body =
      std::string(R"({"model":"simulator","stream":true,"input":{"prompt":"x","tokens":)") + tokens +
      R"(,"first_token_ms":)" + gap_ms + R"(,"token_gap_ms":)" + gap_ms + "}}";
  return "POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto count = static_cast<std::size_t>(std::atoi(argv[2]));
  const std::size_t expected =
      static_cast<std::size_t>(std::atoi(argv[3])) + 3;  // queued, started, succeeded
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  std::vector<Stream> streams(count);
  const int epoll = ::epoll_create1(0);
  const std::string text = request(argv[3], argv[4]);
  for (std::size_t i = 0; i < count; ++i) {
    streams[i].fd = connect_to(std::atoi(argv[1]));
    if (::send(streams[i].fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return 1;
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.u64 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, streams[i].fd, &interest);
  }
  std::size_t begun = 0;
  std::size_t ended = 0;
  std::size_t broken = 0;
  std::array<epoll_event, 512> ready{};
  std::array<char, 64 * 1024> bytes{};
  std::vector<double> delays;
  while (ended + broken < count) {
    const int some = ::epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), 60'000);
    if (some <= 0) break;
    for (int i = 0; i < some; ++i) {
      Stream& stream = streams[ready[static_cast<std::size_t>(i)].data.u64];
      const bool was_begun = stream.begun();
      const ssize_t received = ::recv(stream.fd, bytes.data(), bytes.size(), 0);
      if (received > 0) stream.push({bytes.data(), static_cast<std::size_t>(received)});
      for (const double delay : stream.take_delays()) delays.push_back(delay);
      if (!was_begun && stream.begun() && ++begun == count) {
        std::puts("open");
        std::fflush(stdout);
      }
      if (received > 0 && !stream.ended()) continue;
      ++(stream.ended() ? ended : broken);
      ::close(stream.fd);
    }
  }
  std::size_t events = 0;
  std::size_t wrong = 0;
  for (const Stream& stream : streams) {
    events += stream.events();
    if (!stream.ok || !stream.ended() || stream.events() != expected) ++wrong;
  }
  std::printf("streams %zu\nevents %zu\nexpected %zu\nwrong %zu\n", count, events, expected * count, wrong);
  if (!delays.empty()) {
    std::sort(delays.begin(), delays.end());
    std::printf("delay_p50 %.0f\ndelay_p99 %.0f\n", delays[delays.size() / 2],
                delays[delays.size() * 99 / 100]);
  }
  return wrong == 0 ? 0 : 1;
}
