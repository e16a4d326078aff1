#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "admission/key_ring.hpp"
#include "admission/web_boundary.hpp"
#include "shunt/api/http_server.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/server/server_limits.hpp"

namespace shunt::api {

// What a server goes by until the next reload (HttpServer::reload). Immutable but for the keys' usage.
struct LiveSettings {
  // `before` is what it takes the place of, or nullptr.
  LiveSettings(HttpServerOptions given, SteadyTime now, const LiveSettings* before)
      : options(std::move(given)),
        keys(options.keys, now, before == nullptr ? nullptr : &before->keys),
        boundary(options.allowed_hosts, options.cors_origins, keys.required()),
        limits{.max_header_bytes = options.max_header_bytes,
               .max_connections = options.max_connections,
               .max_connections_per_address = options.max_connections_per_address,
               .header_timeout = options.header_timeout,
               .body_timeout = options.body_timeout,
               .idle_timeout = options.idle_timeout,
               .write_timeout = options.write_timeout,
               .shortest_wait = shortest_wait(options),
               .proxies = http::TrustedProxies(options.trusted_proxies)} {}

  const HttpServerOptions options;
  const KeyRing keys;
  const WebBoundary boundary;
  const http::ServerLimits limits;

 private:
  static std::chrono::milliseconds shortest_wait(const HttpServerOptions& options) {
    const auto shortest = std::min(options.sse_heartbeat, options.half_close_grace);
    return options.wait_deadline.count() > 0 ? std::min(shortest, options.wait_deadline) : shortest;
  }
};

// The settings of now, for readers on many threads: each keeps its copy of the pointer and looks at a counter
// whether there are newer ones, so that a request takes no lock.
class LiveSettingsSource {
 public:
  explicit LiveSettingsSource(std::shared_ptr<const LiveSettings> first) : current_(std::move(first)) {}

  class Reader {
   public:
    explicit Reader(const LiveSettingsSource& source) : source_(source), settings_(source.read(version_)) {}

    // Those of now; they stay as they are until the next call. True: they are others than before.
    bool renew() {
      if (source_.version_.load(std::memory_order_acquire) == version_) return false;
      settings_ = source_.read(version_);
      return true;
    }
    [[nodiscard]] const LiveSettings& get() const noexcept { return *settings_; }

   private:
    const LiveSettingsSource& source_;
    std::uint64_t version_ = 0;
    std::shared_ptr<const LiveSettings> settings_;
  };

  [[nodiscard]] std::shared_ptr<const LiveSettings> now() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

  // One caller at a time.
  void replace(std::shared_ptr<const LiveSettings> settings) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(settings);
    version_.fetch_add(1, std::memory_order_release);
  }

 private:
  std::shared_ptr<const LiveSettings> read(std::uint64_t& version) const {
    const std::lock_guard lock(mutex_);
    version = version_.load(std::memory_order_relaxed);
    return current_;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const LiveSettings> current_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace shunt::api
