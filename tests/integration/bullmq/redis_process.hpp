#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "redis/reply.hpp"

namespace bullmq::testing {

using detail::Reply;

// A port that nobody listens on: below those that the kernel gives to whoever connects, so that only another
// listener can take it in between.
inline std::uint16_t free_port() {
  constexpr int kTries = 100;
  std::random_device random;
  std::uniform_int_distribution<int> ports(10'000, 30'000);
  for (int tries = 0; tries < kTries; ++tries) {
    const auto port = static_cast<std::uint16_t>(ports(random));
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool bound = bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(probe);
    if (bound) return port;
  }
  throw std::runtime_error("no free port");
}

// A folder that goes with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = std::filesystem::temp_directory_path() / "bullmq-redis-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = path;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// A client that blocks and knows nothing: what the test itself asks Redis.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, const std::string& password = {})
      : context_(redisConnectWithTimeout("127.0.0.1", port, timeval{5, 0})) {
    if (context_) redisSetTimeout(context_.get(), timeval{20, 0});
    if (!password.empty()) command({"AUTH", password});
  }

  // An error answer is a reply too; a broken connection throws.
  Reply command(const std::vector<std::string>& words) {
    if (!context_ || context_->err != 0) throw std::runtime_error("the test has no connection to Redis");
    std::vector<const char*> arguments;
    std::vector<std::size_t> sizes;
    for (const std::string& word : words) {
      arguments.push_back(word.data());
      sizes.push_back(word.size());
    }
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(
        redisCommandArgv(context_.get(), static_cast<int>(words.size()), arguments.data(), sizes.data())));
    if (!reply) throw std::runtime_error(std::string("Redis did not answer the test: ") + context_->errstr);
    return convert(*reply);
  }

 private:
  struct FreeContext {
    void operator()(redisContext* context) const noexcept { redisFree(context); }
  };
  struct FreeReply {
    void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
  };

  static Reply convert(const redisReply& from) {
    Reply reply;
    switch (from.type) {
      case REDIS_REPLY_INTEGER:
        reply.type = Reply::Type::integer;
        reply.integer = from.integer;
        break;
      case REDIS_REPLY_STRING:
      case REDIS_REPLY_STATUS:
      case REDIS_REPLY_ERROR:
        reply.type = from.type == REDIS_REPLY_ERROR ? Reply::Type::error : Reply::Type::string;
        reply.text.assign(from.str, static_cast<std::size_t>(from.len));
        break;
      case REDIS_REPLY_ARRAY:
        reply.type = Reply::Type::array;
        for (std::size_t i = 0; i < from.elements; ++i) reply.elements.push_back(convert(*from.element[i]));
        break;
      default:
        break;
    }
    return reply;
  }

  std::unique_ptr<redisContext, FreeContext> context_;
};

// A redis-server of the test's own, which goes when the test goes. Its data survive a restart only with
// durable(): every write is on disk before it is answered.
class RedisProcess {
 public:
  struct Settings {
    std::vector<std::string> arguments{};
    std::string password{};
    bool begin = true;
    // Nothing but the arguments: the file that is the first of them says the rest.
    bool bare = false;
  };

  RedisProcess() : RedisProcess(Settings{}) {}
  explicit RedisProcess(Settings settings) : settings_(std::move(settings)), port_(free_port()) {
    if (settings_.begin) start_on_a_free_port();
  }
  RedisProcess(Settings settings, std::uint16_t port) : settings_(std::move(settings)), port_(port) {
    if (settings_.begin) start();
  }
  static RedisProcess durable() {
    Settings settings;
    settings.arguments = {"--appendonly", "yes", "--appendfsync", "always"};
    return RedisProcess(std::move(settings));
  }
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;
  ~RedisProcess() { kill(); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_->file(name); }
  [[nodiscard]] bool is_running() const noexcept { return pid_ > 0; }

  void start() {
    spawn();
    wait_until_ready();
  }
  // As an operator stops it.
  void stop() { end(SIGTERM); }
  void kill() noexcept { end(SIGKILL); }
  void suspend() const { ::kill(pid_, SIGSTOP); }
  void resume() const { ::kill(pid_, SIGCONT); }

  Reply operator()(const std::vector<std::string>& words) {
    // A server that changes its role throws its clients out.
    if (client_) {
      try {
        return client_->command(words);
      } catch (const std::runtime_error&) {
        client_.reset();
      }
    }
    client_ = std::make_unique<RawClient>(port_, settings_.password);
    return client_->command(words);
  }
  // Of a section of INFO.
  std::string info(const std::string& field) {
    std::istringstream lines((*this)({"INFO", "all"}).text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(field + ":")) return line.substr(field.size() + 1, line.size() - field.size() - 2);
    }
    return {};
  }
  [[nodiscard]] std::string log() const {
    std::ifstream in(file("log"));
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  // Another server may take the port before this one does, which ends then.
  void start_on_a_free_port() {
    constexpr int kTries = 5;
    for (int tries = 1;; ++tries) {
      try {
        start();
        return;
      } catch (const std::runtime_error&) {
        const bool has_ended = !is_running();
        kill();
        if (!has_ended || tries == kTries) throw;
      }
      port_ = free_port();
    }
  }

  void spawn() {
    // Another server that speaks the protocol, e.g. REDIS_SERVER=/usr/bin/valkey-server.
    const char* const other = std::getenv("REDIS_SERVER");
    std::vector<std::string> words{other == nullptr ? "redis-server" : other};
    if (!settings_.bare) {
      words.insert(words.end(), {"--port", std::to_string(port_), "--bind", "127.0.0.1", "--save", "",
                                 "--dir", file(""), "--daemonize", "no"});
    }
    if (!settings_.password.empty()) words.insert(words.end(), {"--requirepass", settings_.password});
    words.insert(words.end(), settings_.arguments.begin(), settings_.arguments.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const std::string log = file("log");
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int null = open("/dev/null", O_RDONLY);
    if (getppid() != parent || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) _exit(1);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }

  void wait_until_ready() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const std::string mine = "process_id:" + std::to_string(pid_) + "\r\n";
    while (std::chrono::steady_clock::now() < deadline) {
      try {
        RawClient probe(port_, settings_.password);
        // It is this one that answers, and none that had the port before.
        if (probe.command({"PING"}).text == "PONG" &&
            probe.command({"INFO", "server"}).text.find(mine) != std::string::npos)
          return;
      } catch (const std::exception&) {
        // It does not listen yet.
      }
      if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = -1;
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    throw std::runtime_error("redis-server is not up:\n" + log());
  }

  void end(int signal) noexcept {
    client_.reset();
    if (pid_ <= 0) return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, signal);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  Settings settings_;
  std::uint16_t port_;
  std::unique_ptr<TemporaryFolder> folder_ = std::make_unique<TemporaryFolder>();
  pid_t pid_ = -1;
  std::unique_ptr<RawClient> client_;
};

}  // namespace bullmq::testing
