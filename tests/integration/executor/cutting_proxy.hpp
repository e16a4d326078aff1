#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/namespace.hpp"

namespace shunt::testing {

// Stands between a client and Redis, and breaks a connection once it is told to: at the request that has a
// certain text in it, before Redis sees that, or after Redis has answered it and before the client hears so;
// or it keeps the request, and lets Redis see it when it is told to, long after the client was cut off.
class CuttingProxy {
 public:
  enum class Where { kBeforeTheCommand, kBeforeTheAnswer, kLongBeforeTheCommand };

  explicit CuttingProxy(std::uint16_t target) : target_(target) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("the proxy cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~CuttingProxy() {
    stopped_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (std::thread& pump : pumps_) pump.join();
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  void cut_once(std::string at, Where where) {
    const std::lock_guard lock(mutex_);
    at_ = std::move(at);
    where_ = where;
  }
  [[nodiscard]] int cuts() const { return cuts_; }
  // Whether new connections are closed at once.
  void refuse_new(bool refuse) { refuses_ = refuse; }
  // Lets Redis see what was kept.
  void let_late_one_pass() { late_one_passes_ = true; }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void accept_all() {
    while (!stopped_) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      if (refuses_) {
        ::close(client);
        continue;
      }
      pumps_.emplace_back([this, client] { pump(client); });
    }
  }

  // Whether this is the request to break at; told once.
  bool is_the_one(std::string_view request, Where& where) {
    const std::lock_guard lock(mutex_);
    if (at_.empty() || request.find(at_) == std::string_view::npos) return false;
    where = where_;
    at_.clear();
    return true;
  }

  void pump(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(target_);
    bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    bool doomed = false;
    std::array<char, 65536> buffer;
    while (open && !stopped_) {
      std::array<pollfd, 2> ready{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), 50) <= 0) continue;
      if (ready[0].revents != 0) {
        const ssize_t size = ::read(client, buffer.data(), buffer.size());
        if (size <= 0) break;
        Where where = Where::kBeforeTheCommand;
        if (is_the_one({buffer.data(), static_cast<std::size_t>(size)}, where)) {
          ++cuts_;
          if (where == Where::kBeforeTheCommand) break;
          doomed = true;
          if (where == Where::kLongBeforeTheCommand) {
            ::shutdown(client, SHUT_RDWR);
            while (!late_one_passes_ && !stopped_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
        }
        open = write_all(server, buffer.data(), size);
      }
      if (open && ready[1].revents != 0) {
        const ssize_t size = ::read(server, buffer.data(), buffer.size());
        if (size <= 0 || doomed) break;
        open = write_all(client, buffer.data(), size);
      }
    }
    ::close(client);
    ::close(server);
  }

  static bool write_all(int to, const char* data, ssize_t size) {
    while (size > 0) {
      const ssize_t sent = ::send(to, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      data += sent;
      size -= sent;
    }
    return true;
  }

  const std::uint16_t target_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> pumps_;
  std::atomic<bool> stopped_{false};
  std::atomic<int> cuts_{0};
  std::atomic<bool> refuses_{false};
  std::atomic<bool> late_one_passes_{false};
  std::mutex mutex_;
  std::string at_;
  Where where_ = Where::kBeforeTheCommand;
};

}  // namespace shunt::testing
