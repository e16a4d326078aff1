#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/call_input.hpp"
#include "drivers/driver_memory.hpp"
#include "drivers/openai/answer_deltas.hpp"
#include "drivers/openai/body_reader.hpp"
#include "drivers/openai/failover.hpp"
#include "drivers/openai/operation_request.hpp"
#include "drivers/openai/retry_policy.hpp"
#include "drivers/openai/upstream.hpp"
#include "drivers/openai/upstream_pool.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/http/client.hpp"

namespace shunt::generation::openai {

// One generation: its attempts, at which server each of them is made, their deadlines, and what their bytes
// mean. Lives on one loop, kept alive by
// the transfer that runs, so that it goes with the loop if nothing else ends it.
class ChatCall final : public std::enable_shared_from_this<ChatCall> {
 public:
  // `input` is the run's, with its files in it.
  ChatCall(std::shared_ptr<UpstreamPool> upstreams, std::shared_ptr<GenerationRun> run, CallInput input,
           EventLoop& loop);

  // Precondition: the input has been checked.
  void begin();

  // Of its transfer (GuardedTransfer).
  void on_connected();
  void on_head(const http::ResponseHead& head);
  void on_body(std::string_view bytes);
  void on_end(const http::TransferEnd& end);
  void fault(Error error);

 private:
  enum class Phase { kConnect, kFirstByte, kIdle, kAfterFinish, kAfterDone };

  // Chooses a server; false if none is left.
  [[nodiscard]] bool choose(LastResort last_resort);
  void attempt();
  void attempt_again();
  // The attempt has failed: it is another server's turn, or the next attempt's, or the generation fails.
  void failed(FailedAttempt failure, Error error);
  void failed_in_answer(Error error);
  [[nodiscard]] bool fail_over(const FailedAttempt& failure, const Error& error);
  [[nodiscard]] bool try_again(const FailedAttempt& failure, const Error& error);

  void enter(Phase phase);
  void touch();
  void arm(std::chrono::nanoseconds delay);
  void on_timer();
  void on_deadline();
  [[nodiscard]] std::chrono::milliseconds limit_of(Phase phase) const;

  [[nodiscard]] bool good_status() const { return head_.status >= 200 && head_.status < 300; }
  void read_answer(std::string_view bytes);
  void follow_the_answer();
  [[nodiscard]] Result<void> report(AnswerPieces pieces);
  void tell(std::vector<AnswerDelta> deltas);
  void report_retry(const Retry& retry, const Error& error);
  [[nodiscard]] std::span<const std::string> secrets() const {
    return upstream_ == nullptr ? std::span<const std::string>() : upstream_->secrets;
  }
  // The body is there twice: the transfer has a copy of its own.
  [[nodiscard]] std::size_t request_bytes() const noexcept {
    return 2 * body_.bytes.capacity() + input_.bytes;
  }
  void end_of_answer(const http::TransferEnd& end);
  void no_response(const http::TransferEnd& end);
  void bad_status();

  void stop();
  void succeed();
  void fail(Error error);
  [[nodiscard]] std::shared_ptr<GenerationRun> leave();

  const std::shared_ptr<UpstreamPool> upstreams_;
  std::shared_ptr<GenerationRun> run_;  // null once ended
  const CallInput input_;
  EventLoop& loop_;
  const std::optional<std::uint64_t> sticky_;
  std::vector<bool> tried_;  // servers asked since the last wait
  bool told_ = false;        // the caller has something of an answer
  std::size_t attempts_ = 0;
  std::size_t failovers_ = 0;        // of the attempts
  std::size_t loading_retries_ = 0;  // of the attempts
  SteadyTime loading_since_{};
  SteadyTime loading_reported_{};

  // These belong to the current attempt.
  UpstreamPool::Lease lease_;
  const Upstream* upstream_ = nullptr;  // one of upstreams_, once there was an attempt
  RequestBody body_;
  http::Transfer transfer_;
  http::ResponseHead head_;
  std::unique_ptr<BodyReader> reader_;  // while the status is good
  AnswerDeltas deltas_;
  DriverMemory memory_;  // of the request and of an error's body; the reader has its own
  std::string error_body_;
  Phase phase_ = Phase::kConnect;
  SteadyTime deadline_{};

  Timer timer_;
  std::optional<std::stop_callback<std::function<void()>>> stop_;
};

}  // namespace shunt::generation::openai
