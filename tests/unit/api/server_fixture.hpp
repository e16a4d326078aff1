#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "http_client.hpp"
#include "shunt/api/http_server.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/generation_id.hpp"
#include "shunt/generation/generation_store.hpp"
#include "support/eventually.hpp"
#include "support/recording_executor.hpp"

namespace shunt::api::testing {

using namespace std::chrono_literals;

// A generator whose runs a test holds in its hand: they do nothing until told.
class HeldGenerator final : public Generator {
 public:
  void start(std::shared_ptr<GenerationRun> run) override {
    const std::lock_guard lock(mutex_);
    runs_.push_back(std::move(run));
    changed_.notify_all();
  }

  // The next run that has started.
  std::shared_ptr<GenerationRun> take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [this] { return !runs_.empty(); })) {
      throw std::runtime_error("no generation started within ten seconds");
    }
    auto run = std::move(runs_.front());
    runs_.erase(runs_.begin());
    return run;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<GenerationRun>> runs_;
};

// Whether a stop is requested within ten seconds.
inline bool stop_comes(const GenerationRun& run) {
  std::mutex mutex;
  std::condition_variable asked;
  // Before the lock: a stop that has been requested already calls inside the constructor.
  const std::stop_callback notice(run.stop_token(), [&] {
    const std::lock_guard guard(mutex);
    asked.notify_all();
  });
  std::unique_lock lock(mutex);
  return asked.wait_for(lock, 10s, [&] { return run.stop_token().stop_requested(); });
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.port = 0;
    options_.allowed_hosts = {"x"};
    add_model("held", OnDisconnect::kCancel);
    add_model("stubborn", OnDisconnect::kContinue);
  }
  ~ServerTest() override {
    if (server_) server_->close(0ms);
    server_.reset();
    loops_.stop_and_join();
  }

  void add_model(const char* name, OnDisconnect on_disconnect) {
    Model model;
    model.name = name;
    model.driver = "function";
    model.generator = generator_;
    model.on_disconnect = on_disconnect;
    model.concurrency = 64;
    ASSERT_TRUE(models_.add(std::move(model)).ok());
  }

  // With the executor that records.
  void serve_recording() { listen(recording_); }
  // With the executor that runs.
  void serve() {
    sync_ = executor::make_sync_executor(models_, *store_);
    listen(*sync_);
  }
  void listen(executor::GenerationExecutor& executor) {
    auto server = HttpServer::listen(options_, loops_, executor, models_,
                                     [] { return std::string("extra_metric 1\n"); });
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  HttpClient client() { return HttpClient(server_->port()); }

  // Waits until the server counts so many connections; `observer` is one of them.
  void wait_for_connections(HttpClient& observer, std::size_t count) {
    const std::string line = "shunt_http_connections " + std::to_string(count) + '\n';
    ASSERT_TRUE(shunt::testing::eventually([&] {
      return observer.request("GET", "/metrics").body.find(line) != std::string::npos;
    })) << "the server does not come to "
        << line;
  }

  std::shared_ptr<HeldGenerator> generator_ = std::make_shared<HeldGenerator>();
  ModelRegistry models_;
  std::unique_ptr<GenerationStore> store_ = make_memory_store(system_clock(), {});
  shunt::testing::RecordingExecutor recording_;
  std::unique_ptr<executor::GenerationExecutor> sync_;
  HttpServerOptions options_;
  EventLoopThreads loops_{2};
  std::unique_ptr<HttpServer> server_;
};

inline constexpr const char* kHeld = R"({"model":"held"})";

}  // namespace shunt::api::testing
