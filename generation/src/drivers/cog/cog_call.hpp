#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/cog/cog_prediction.hpp"
#include "drivers/cog/cog_server.hpp"
#include "drivers/cog/cog_step.hpp"
#include "drivers/driver_memory.hpp"
#include "drivers/openai/retry_policy.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/http/client.hpp"
#include "shunt/http/sse_reader.hpp"

namespace shunt::generation::cog {

// What a model's calls share. Any thread.
struct CogModel {
  CogServer server;
  std::atomic<bool> streams = true;  // until the container has said otherwise
};

// One generation: the requests for its prediction, the waits between them, and the cancel. Lives on one loop,
// kept alive by the transfer that runs.
class CogCall final : public std::enable_shared_from_this<CogCall> {
 public:
  // `input` is the run's, with its files in it.
  CogCall(std::shared_ptr<CogModel> model, std::shared_ptr<GenerationRun> run, const Json& input,
          EventLoop& loop);

  // Precondition: the input has been checked.
  void begin();

  // Of its transfers (GuardedTransfer).
  void on_connected() {}
  void on_head(const http::ResponseHead& head) { head_ = head; }
  void on_body(std::string_view bytes);
  void on_end(const http::TransferEnd& end);
  void fault(Error error);

  // The container has been told to cancel, or could not be.
  void cancel_told();

 private:
  enum class Asking { kPrediction, kHealth };

  [[nodiscard]] http::ClientRequest request(std::string method, std::string path) const;
  void ask_for_prediction(std::chrono::milliseconds delay);
  void ask_for_health();

  [[nodiscard]] bool is_stream() const;
  void take_events(std::string_view bytes);
  [[nodiscard]] Result<void> take(StreamEvent event);
  void follow(CogStep step);
  void take_health(const HealthReport& report, bool answered);
  [[nodiscard]] http::Transfer start(http::ClientRequest request, std::chrono::milliseconds delay);
  void no_answer(const http::TransferEnd& end);
  void wait(CogStep step, std::chrono::milliseconds longest, Error error);
  void try_again(const openai::FailedAttempt& failure, Error error);
  void finish(Prediction prediction);
  void log_lines(std::string_view text);

  [[nodiscard]] std::string address() const { return model_->server.address; }
  [[nodiscard]] Error bad_status() const;
  [[nodiscard]] bool is_run_once() const {
    return !may_run_again(run_->envelope().on_lost, Setback::kWritten);
  }
  void stop();
  void fail(Error error);
  [[nodiscard]] std::shared_ptr<GenerationRun> leave();

  const std::shared_ptr<CogModel> model_;
  std::shared_ptr<GenerationRun> run_;  // null once ended
  EventLoop& loop_;
  const std::string id_;
  const std::string request_;
  bool stopping_ = false;
  bool told_text_ = false;
  bool told_logs_ = false;
  std::size_t attempts_ = 0;
  std::size_t waits_ = 0;  // of the attempts: for the setup or a slot
  struct Waiting {
    std::size_t times = 0;
    std::chrono::nanoseconds took{0};
  };
  Waiting for_setup_{};
  Waiting for_slot_{};
  Waiting* waiting_ = nullptr;  // since `waits_since_`, with the request behind the wait
  SteadyTime waits_since_{};
  std::optional<Error> answered_{};  // the prediction's bad status, while the health is asked for

  // These belong to the current request.
  Asking asking_ = Asking::kPrediction;
  bool asked_for_stream_ = false;
  http::Transfer transfer_;
  http::Transfer cancel_;
  http::ResponseHead head_;
  DriverMemory memory_;
  std::string body_;
  std::optional<http::SseReader> events_;

  std::optional<std::stop_callback<std::function<void()>>> stop_;
};

}  // namespace shunt::generation::cog
