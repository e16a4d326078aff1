// Holds N server-sent event streams at once and checks each: events numbered from 1 without a gap, the last
// one `succeeded`. Usage: bench_streams PORT N TOKENS GAP_MS. Prints "open" when all streams have begun, then
// the totals. One thread, epoll.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
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
    text_.clear();
  }

  std::string line_;
  std::string text_;
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
  while (ended + broken < count) {
    const int some = ::epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), 60'000);
    if (some <= 0) break;
    for (int i = 0; i < some; ++i) {
      Stream& stream = streams[ready[static_cast<std::size_t>(i)].data.u64];
      const bool was_begun = stream.begun();
      const ssize_t received = ::recv(stream.fd, bytes.data(), bytes.size(), 0);
      if (received > 0) stream.push({bytes.data(), static_cast<std::size_t>(received)});
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
  return wrong == 0 ? 0 : 1;
}
