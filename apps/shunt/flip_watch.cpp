#include "flip_watch.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>

#include "exit_code.hpp"
#include "flip_text.hpp"
#include "service_client.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"
#include "shutdown_signals.hpp"

namespace shunt::app {
namespace {

constexpr std::chrono::seconds kPause{2};
// A service that restarts, or a Redis that does, is back by then.
constexpr std::chrono::seconds kSilentFor{60};
constexpr std::size_t kPage = 1'000;

// Asks for a path every now and then.
class Watch {
 public:
  explicit Watch(ServiceClient& client) : client_(client) {
    signals_.on_first([this](int) {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      client_.stop();
      wake_.notify_all();
    });
  }

  // Asks until `take` returns an exit code: for each answer, of the path that `path` names then.
  template <typename Path, typename Take>
  int run(Path path, Take take) {
    last_answer_ = std::chrono::steady_clock::now();
    std::string told;
    while (true) {
      const auto answer = client_.get(path());
      if (is_stopped()) return kExitInterrupted;
      if (answer) {
        last_answer_ = std::chrono::steady_clock::now();
        told.clear();
        if (const std::optional<int> code = take(*answer)) return *code;
      } else if (!may_pass(answer.error())) {
        complain(answer.error().message + " (" + answer.error().code.to_string() + ')');
        return kExitFailed;
      } else if (answer.error().message != told) {
        told = answer.error().message;
        std::cerr << displayable(told) << "; trying again" << std::endl;
      }
      if (sleep()) return kExitInterrupted;
    }
  }

 private:
  [[nodiscard]] bool may_pass(const Error& error) const {
    const bool away = error.code == "unreachable" || error.is_retryable();
    return away && std::chrono::steady_clock::now() - last_answer_ < kSilentFor;
  }
  [[nodiscard]] bool is_stopped() {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }
  // True: stopped meanwhile.
  [[nodiscard]] bool sleep() {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, kPause, [this] { return stopped_; });
  }

  ServiceClient& client_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  SteadyTime last_answer_{};
  ShutdownSignals signals_;  // last: its thread uses the others
};

std::string now_text() {
  const std::string now = format_rfc3339(system_clock().now());
  return now.substr(0, now.find('.')) + 'Z';
}

void print_json_line(const JsonObject& object) {
  std::cout << displayable_json(to_json_text(object)) << std::endl;
}

}  // namespace

int watch_drain(const FlipOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) {
    complain(client.error().message);
    return kExitConfiguration;
  }
  std::string before;
  const Terminal terminal(STDOUT_FILENO);
  Watch watch(*client);
  return watch.run(
      [] { return std::string("/admin/flip/drain"); },
      [&](const JsonObject& drain) -> std::optional<int> {
        const std::string line = drain_line(drain);
        if (line != before) {
          if (options.json) {
            print_json_line(drain);
          } else {
            std::cout << now_text() << "  " << line << std::endl;
          }
        }
        if (before.empty() && text_in(drain, "stage") == "admitting")
          std::cerr << "new work still goes to the queue, so it drains only after shunt flip abort"
                    << std::endl;
        before = line;
        if (text_in(drain, "stage") != "drained") return std::nullopt;
        if (!options.json) std::cout << '\n' << may_disconnect_text(drain, terminal) << std::flush;
        return kExitOk;
      });
}

int follow_flip_log(const FlipOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) {
    complain(client.error().message);
    return kExitConfiguration;
  }
  const Terminal terminal(STDOUT_FILENO);
  std::uint64_t from = options.from;
  std::size_t count = options.count;
  Watch watch(*client);
  const auto path = [&] {
    return "/admin/flip/log?from=" + std::to_string(from) + "&count=" + std::to_string(count);
  };
  return watch.run(path, [&](const JsonObject& page) -> std::optional<int> {
    for (const Json& entry : array_in(page, "entries")) {
      if (!entry.is_object()) continue;
      if (options.json) {
        print_json_line(entry.get_object());
      } else {
        std::cout << flip_log_line(entry.get_object(), terminal) << std::flush;
      }
      from = static_cast<std::uint64_t>(number_in(entry.get_object(), "seq")) + 1;
      count = kPage;
    }
    // Before the first entry there is none to go on from: the next look asks for what is there then.
    if (from == 0) from = 1;
    return std::nullopt;
  });
}

}  // namespace shunt::app
