#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/namespace.hpp"

namespace shunt::testing {

// A descriptor that closes with its owner.
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int fd = -1) noexcept : fd_(fd) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// A server program as a child of the test: it prints its port as the first line and ends when its standard
// input closes, so that it goes even if the test is killed. The destructor stops it and waits for it.
class ChildServer {
 public:
  explicit ChildServer(std::vector<std::string> argv,
                       std::chrono::milliseconds start_within = std::chrono::seconds(20)) {
    int input[2];
    int output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
      throw std::runtime_error("pipe2 failed");
    const OwnedDescriptor child_input(input[0]);
    const OwnedDescriptor child_output(output[1]);
    input_ = OwnedDescriptor(input[1]);
    output_ = OwnedDescriptor(output[0]);
    spawn(argv, child_input.get(), child_output.get());
    port_ = read_port(argv.front(), start_within);
  }
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;
  ~ChildServer() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  // The body of GET http://127.0.0.1:port{target}, over a connection of its own.
  [[nodiscard]] std::string get(const std::string& target) const {
    const OwnedDescriptor connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect to the child server");
    }
    const std::string request = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if (send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
      throw std::runtime_error("send failed");
    shutdown(connection.get(), SHUT_WR);
    std::string response;
    char buffer[4096];
    for (ssize_t got = 0; (got = read(connection.get(), buffer, sizeof buffer)) > 0;) {
      response.append(buffer, static_cast<std::size_t>(got));
    }
    const std::size_t head_end = response.find("\r\n\r\n");
    return head_end == std::string::npos ? std::string() : response.substr(head_end + 4);
  }

 private:
  void spawn(std::vector<std::string>& argv, int child_input, int child_output) {
    std::vector<char*> arguments;
    for (std::string& argument : argv) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, child_output, STDOUT_FILENO);
    const int failure = posix_spawnp(&pid_, arguments.front(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) throw std::runtime_error("cannot start " + argv.front());
  }

  std::uint16_t read_port(const std::string& program, std::chrono::milliseconds within) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    std::string line;
    while (line.find('\n') == std::string::npos) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{output_.get(), POLLIN, 0};
      char buffer[64];
      ssize_t got = 0;
      if (left.count() > 0 && poll(&ready, 1, static_cast<int>(left.count())) > 0)
        got = read(output_.get(), buffer, sizeof buffer);
      if (got <= 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        throw std::runtime_error(program + " has not printed its port; it printed: " + line);
      }
      line.append(buffer, static_cast<std::size_t>(got));
    }
    return static_cast<std::uint16_t>(std::stoi(line));
  }

  pid_t pid_ = -1;
  OwnedDescriptor input_;
  OwnedDescriptor output_;
  std::uint16_t port_ = 0;
};

}  // namespace shunt::testing
