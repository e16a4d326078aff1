#include "drivers/cog/cog_call.hpp"

#include <algorithm>
#include <utility>

#include "drivers/cog/cog_output.hpp"
#include "drivers/guarded_transfer.hpp"
#include "drivers/no_connection.hpp"
#include "drivers/openai/answer_form.hpp"
#include "drivers/openai/failover.hpp"
#include "drivers/openai/upstream_error.hpp"
#include "drivers/random_fraction.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::generation::cog {
namespace {

using openai::FailedAttempt;
using openai::RequestProgress;
using std::chrono::milliseconds;

constexpr milliseconds kHealthPatience{10'000};
constexpr milliseconds kCancelPatience{5'000};
constexpr std::size_t kLittleAnswer = 64 * 1024;  // of a health check, or a cancel
constexpr std::size_t kQuotedBytes = 2048;
constexpr std::size_t kLongestLogLine = 8 * 1024;
constexpr milliseconds kMaxRetryAfter{20'000};

Error passing(ErrorCode code, std::string message) {
  return {code, std::move(message), Retryable::kYes};
}

// Hears of the request that cancels a prediction; keeps the call until then.
class CancelRequest final : public http::TransferHandler {
 public:
  explicit CancelRequest(std::shared_ptr<CogCall> call) : call_(std::move(call)) {}
  void on_connected() override {}
  void on_head(const http::ResponseHead&) override {}
  void on_body(std::string_view) override {}
  // Whatever it said: closing the connection is all that is left to do.
  void on_end(const http::TransferEnd&) override { call_->cancel_told(); }

 private:
  const std::shared_ptr<CogCall> call_;
};

}  // namespace

CogCall::CogCall(std::shared_ptr<CogModel> model, std::shared_ptr<GenerationRun> run, const Json& input,
                 EventLoop& loop)
    : model_(std::move(model)),
      run_(std::move(run)),
      loop_(loop),
      id_(run_->envelope().id.to_string()),
      request_(to_json_text(JsonObject{{"input", input}})),
      memory_(run_->memory()) {}

void CogCall::begin() {
  stop_.emplace(run_->stop_token(), [self_or_gone = weak_from_this(), &loop = loop_] {
    loop.post([self_or_gone] {
      if (const auto self = self_or_gone.lock()) self->stop();
    });
  });
  ask_for_prediction(milliseconds(0));
}

http::ClientRequest CogCall::request(std::string method, std::string path) const {
  const CogServer& server = model_->server;
  http::ClientRequest made;
  made.method = std::move(method);
  made.url = server.base_url + std::move(path);
  made.proxy = server.options.proxy;
  made.endpoint = server.endpoint;
  made.headers = server.headers;
  made.headers.emplace_back("User-Agent: shunt");
  made.connect_timeout = server.options.connect_timeout;
  made.max_response_bytes = server.options.max_response_bytes;
  return made;
}

// The generation's own id makes the request idempotent: while the prediction runs, another request joins it.
void CogCall::ask_for_prediction(milliseconds delay) {
  ++attempts_;
  asking_ = Asking::kPrediction;
  head_ = {};
  body_ = {};
  events_.reset();
  if (!memory_.hold(2 * request_.size())) return fail(driver_overload());
  http::ClientRequest made = request("PUT", "/predictions/" + id_);
  made.headers.emplace_back("Content-Type: application/json");
  asked_for_stream_ = model_->streams;
  made.headers.emplace_back(asked_for_stream_ ? "Accept: text/event-stream" : "Accept: application/json");
  made.body = request_;
  // Over a kept connection libcurl may send it twice by itself.
  if (is_run_once()) made.connection = http::ConnectionUse::kOwn;
  transfer_ = start(std::move(made), delay);
}

http::Transfer CogCall::start(http::ClientRequest made, milliseconds delay) {
  return http::start_transfer(loop_, std::move(made),
                              std::make_shared<GuardedTransfer<CogCall>>(shared_from_this()), delay);
}

void CogCall::ask_for_health() {
  asking_ = Asking::kHealth;
  head_ = {};
  body_ = {};
  http::ClientRequest made = request("GET", "/health-check");
  made.total_timeout = kHealthPatience;
  made.max_response_bytes = kLittleAnswer;
  transfer_ = start(std::move(made), milliseconds(0));
}

bool CogCall::is_stream() const {
  return asking_ == Asking::kPrediction && head_.status == 200 &&
         openai::media_type_of(head_.content_type) == "text/event-stream";
}

void CogCall::on_body(std::string_view bytes) {
  if (stopping_) return;
  if (is_stream()) return take_events(bytes);
  if (!memory_.append(body_, bytes, 2 * request_.size())) fail(driver_overload());
}

void CogCall::take_events(std::string_view bytes) {
  // The last event has all of the output once more.
  if (!events_) events_.emplace(model_->server.options.max_response_bytes);
  if (!memory_.hold(2 * request_.size() + 2 * events_->held_bytes() + 2 * bytes.size())) {
    return fail(driver_overload());
  }
  std::vector<http::SseEvent> events;
  const auto parsed = events_->feed(bytes, events);
  for (const http::SseEvent& event : events) {
    // The document, and the files in it once they are decoded.
    const std::size_t output = json_parse_memory(event.data) + event.data.size();
    if (!memory_.hold(2 * request_.size() + events_->held_bytes() + output)) return fail(driver_overload());
    auto read = read_event(event.type, event.data);
    if (!read) return fail(std::move(read).error());
    if (auto taken = take(std::move(*read)); !taken) return fail(std::move(taken).error());
    if (!run_) return;
  }
  if (!parsed) fail(passing(error_code::kUpstreamBroken, parsed.error().message));
}

Result<void> CogCall::take(StreamEvent event) {
  switch (event.kind) {
    case StreamEvent::Kind::kNothing:
      break;
    case StreamEvent::Kind::kOutput:
      // Files are told at the end, where they have their places.
      if (event.chunk.is_string() && !is_file(event.chunk.get_string())) {
        told_text_ = true;
        run_->delta(event.chunk.get_string());
      }
      break;
    case StreamEvent::Kind::kLog:
      told_logs_ = true;
      log_lines(event.text);
      break;
    case StreamEvent::Kind::kError:
      return passing(error_code::kUpstreamBroken,
                     "the container ended the stream: " + openai::excerpt(event.text, {kQuotedBytes, {}}));
    case StreamEvent::Kind::kCompleted:
      finish(std::move(event.prediction));
  }
  return {};
}

void CogCall::log_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, std::min(end, kLongestLogLine));
    if (!line.empty()) run_->log("info", to_valid_utf8(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void CogCall::on_end(const http::TransferEnd& end) {
  using How = http::TransferEnd::How;
  if (stopping_) return;
  if (asking_ == Asking::kHealth) {
    const bool answered = end.how == How::kComplete && head_.status == 200;
    return take_health(answered ? read_health(body_) : HealthReport{}, answered);
  }
  if (head_.status == 0) return no_answer(end);
  const CogStep step = step_after_status(head_.status);
  // It runs already, for a request of which nothing came back: another one would join it, unless it has
  // ended.
  if (head_.status == 202 && is_run_once()) return fail(not_run_again(bad_status()));
  if (step != CogStep::kReadAnswer) return follow(step);
  if (end.how == How::kTooLarge) {
    const std::size_t limit = model_->server.options.max_response_bytes;
    Error error{error_code::kOutputTooLarge, "the container's answer is longer than " +
                                                 std::to_string(limit) + " bytes (max_response_bytes)"};
    return fail(std::move(error).with("limit", limit).with("what", std::string("response bytes")));
  }
  if (end.how != How::kComplete || is_stream()) {
    return try_again(
        {.status = head_.status, .in_answer = true, .passing = true},
        passing(error_code::kUpstreamBroken, "the container's answer ended before it was complete" +
                                                 (end.reason.empty() ? "" : ": " + end.reason)));
  }
  // The document, and the files in it once they are decoded.
  const std::size_t output = json_parse_memory(body_) + body_.size();
  if (!memory_.hold(2 * request_.size() + body_.capacity() + output)) return fail(driver_overload());
  auto prediction = read_prediction(body_);
  if (!prediction) return fail(std::move(prediction).error());
  finish(std::move(*prediction));
}

void CogCall::take_health(const HealthReport& report, bool answered) {
  const CogStep step = step_after_health(report.health);
  // Only in its setup it cannot have begun.
  const bool may_have_begun = report.health != CogHealth::kStarting;
  if (step != CogStep::kFail && may_have_begun && is_run_once())
    return fail(not_run_again(std::move(*answered_)));
  if (step != CogStep::kFail) return follow(step);
  Error error{error_code::kUpstreamFailed, "the container cannot run predictions",
              answered ? Retryable::kNo : Retryable::kYes};
  if (!report.why.empty()) error = std::move(error).with("setup_logs", report.why);
  fail(std::move(error).with_internal(address()));
}

void CogCall::follow(CogStep step) {
  const CogOptions& options = model_->server.options;
  switch (step) {
    case CogStep::kAskWithoutStream:
      if (!asked_for_stream_) break;
      model_->streams = false;
      --attempts_;
      return ask_for_prediction(milliseconds(0));
    case CogStep::kAskHealth:
      answered_ = bad_status();
      return ask_for_health();
    case CogStep::kWaitForSetup:
      return wait(
          step, options.max_loading_wait,
          passing(error_code::kUpstreamFailed, "the container was still in its setup (max_loading_wait)")
              .with_internal(address()));
    case CogStep::kWaitForSlot:
      return wait(step, options.max_busy_wait,
                  passing(error_code::kUpstreamRateLimited,
                          "all prediction slots of the container were in use (max_busy_wait)")
                      .with_internal(address()));
    case CogStep::kReadAnswer:
    case CogStep::kFail:
      break;
  }
  try_again({.status = head_.status}, bad_status());
}

Error CogCall::bad_status() const {
  return openai::error_for_status(head_.status, body_, {kQuotedBytes, model_->server.secrets});
}

void CogCall::no_answer(const http::TransferEnd& end) {
  using How = http::TransferEnd::How;
  constexpr std::string_view kServer = "the container";
  FailedAttempt failure;
  if (end.how == How::kNotConnected || end.how == How::kConnectTimedOut) {
    failure.progress = RequestProgress::kNotConnected;
    return try_again(failure, not_connected(kServer, address(), end));
  }
  if (!end.request_written) failure.progress = RequestProgress::kNotWritten;
  try_again(failure, left_unanswered(kServer, address(), end));
}

// A wait for what the container itself has announced costs no retry.
void CogCall::wait(CogStep step, milliseconds longest, Error error) {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (waits_ == 0) run_->log("info", "the container is not ready yet; it is asked again until it is");
  if (waiting_ != nullptr) waiting_->took += now - waits_since_;
  // The time in the setup is none of that for a slot; one that goes back and forth gets no more of either.
  waiting_ = step == CogStep::kWaitForSetup ? &for_setup_ : &for_slot_;
  waits_since_ = now;
  ++waits_;
  openai::RetryMoment moment;
  moment.loading_retries = waiting_->times++;
  moment.loading_for = std::chrono::duration_cast<milliseconds>(waiting_->took);
  moment.now = system_clock().now();
  moment.random = random_fraction();
  if (const auto& deadline = run_->envelope().deadline) moment.time_left = *deadline - moment.now;
  const openai::RetryPolicy policy{0, model_->server.options.retry_backoff, kMaxRetryAfter, longest};
  const auto retry = openai::next_retry(policy, {.status = 503, .loading = true}, moment);
  if (!retry) return fail(std::move(error));
  ask_for_prediction(retry->wait);
}

void CogCall::try_again(const FailedAttempt& failure, Error error) {
  const CogOptions& options = model_->server.options;
  openai::RetryMoment moment;
  moment.retries = attempts_ - 1 - waits_;
  moment.now = system_clock().now();
  moment.random = random_fraction();
  if (const auto& deadline = run_->envelope().deadline) moment.time_left = *deadline - moment.now;
  const openai::RetryPolicy policy{options.max_retries, options.retry_backoff, kMaxRetryAfter,
                                   milliseconds(0)};
  const auto retry = told_text_ || !may_run_again(run_->envelope().on_lost, openai::setback_of(failure))
                         ? std::nullopt
                         : openai::next_retry(policy, failure, moment);
  if (!retry) {
    const bool once = !may_run_again(run_->envelope().on_lost, openai::setback_of(failure));
    return fail(once ? not_run_again(std::move(error)) : std::move(error));
  }
  run_->log("warn", "attempt " + std::to_string(moment.retries + 1) + " of " +
                        std::to_string(options.max_retries + 1) + " failed: " + error.message);
  ask_for_prediction(retry->wait);
}

void CogCall::finish(Prediction prediction) {
  if (!told_logs_) log_lines(prediction.logs);
  const std::string why =
      openai::redacted(openai::excerpt(prediction.error, {kQuotedBytes, {}}), model_->server.secrets);
  switch (prediction.status) {
    case PredictionStatus::kFailed:
      return fail({error_code::kGeneratorFailed, why.empty() ? "the model failed without a word" : why});
    case PredictionStatus::kCanceled:
      return fail({error_code::kUpstreamFailed, "the prediction was cancelled in the container"});
    case PredictionStatus::kRunning:
      return fail(passing(error_code::kUpstreamBroken, "the container answered before the prediction's end"));
    case PredictionStatus::kSucceeded:
      break;
  }
  auto output = take_output(std::move(prediction.output));
  if (!output) return fail(std::move(output).error());
  if (!told_text_ && !output->text.empty()) run_->delta(output->text);
  for (Artifact& artifact : output->artifacts) run_->artifact(std::move(artifact));
  JsonObject result{{"output", std::move(output->output)}};
  if (!prediction.metrics.empty()) result.emplace("metrics", std::move(prediction.metrics));
  leave()->succeed(std::move(result));
}

// Closing the connection would end a prediction that is waited for, but no streamed one.
void CogCall::stop() {
  if (!run_ || stopping_) return;
  stopping_ = true;
  http::ClientRequest made = request("POST", "/predictions/" + id_ + "/cancel");
  made.body = "";
  made.total_timeout = kCancelPatience;
  made.max_response_bytes = kLittleAnswer;
  cancel_ = http::start_transfer(loop_, std::move(made), std::make_shared<CancelRequest>(shared_from_this()));
}

void CogCall::fault(Error error) {
  if (run_) fail(std::move(error));
}

void CogCall::cancel_told() {
  if (run_) leave()->stopped();
}

void CogCall::fail(Error error) {
  if (head_.status != 0) error.details.insert_or_assign("status", head_.status);
  error.details.insert_or_assign("attempts", attempts_);
  error.message = openai::redacted(std::move(error.message), model_->server.secrets);
  error.internal = openai::redacted(std::move(error.internal), model_->server.secrets);
  leave()->fail(std::move(error));
}

std::shared_ptr<GenerationRun> CogCall::leave() {
  stop_.reset();
  auto run = std::move(run_);
  body_ = {};
  events_.reset();
  memory_.release();
  // May let go of the last reference to this object, so its caller touches nothing of it afterwards.
  transfer_.cancel();
  return run;
}

}  // namespace shunt::generation::cog
