#include "drivers/openai/chat_call.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "drivers/guarded_transfer.hpp"
#include "drivers/no_connection.hpp"
#include "drivers/openai/operation_request.hpp"
#include "drivers/openai/upstream_error.hpp"
#include "drivers/random_fraction.hpp"
#include "shunt/base/duration_text.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::generation::openai {
namespace {

using std::chrono::milliseconds;

// Enough for every error object, and for a web page's beginning.
constexpr std::size_t kMaxErrorBody = 64 * 1024;

// One event holds one token, or a whole answer from a server that only pretends to stream.
constexpr std::size_t kMaxEventBytes = 4 * 1024 * 1024;

// After "[DONE]" the response ends at once, and its connection can be used again; if it does not end within
// this time the connection is closed instead.
constexpr milliseconds kAfterDone{1000};

// After a finish_reason the usage and "[DONE]" follow at once; servers that leave the connection open instead
// exist (waybarrios/vllm-mlx#101).
constexpr milliseconds kAfterFinish{10'000};

// Between two log events that say that a model still loads.
constexpr std::chrono::seconds kLoadingLog{30};

Error upstream_error(ErrorCode code, std::string message) {
  return {code, std::move(message), Retryable::kYes};
}

// Our own limits, and no word of the server's.
bool is_our_own(const Error& error) {
  return error.code == error_code::kOverloaded || error.code == error_code::kOutputTooLarge;
}

// Of what equal requests have in common; nothing where there is no such member.
std::optional<std::uint64_t> sticky_hash(const Json& input, std::string_view field) {
  const Json* const value = field.empty() ? nullptr : input.get_object().if_contains(field);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return stable_hash(value->is_string() ? std::string(value->get_string()) : to_json_text(*value));
}

}  // namespace

ChatCall::ChatCall(std::shared_ptr<UpstreamPool> upstreams, std::shared_ptr<GenerationRun> run,
                   CallInput input, EventLoop& loop)
    : upstreams_(std::move(upstreams)),
      run_(std::move(run)),
      input_(std::move(input)),
      loop_(loop),
      sticky_(sticky_hash(*input_.json, upstreams_->at(0).options.sticky_field)),
      tried_(upstreams_->size()),
      memory_(run_->memory()) {}

void ChatCall::begin() {
  stop_.emplace(run_->stop_token(), [self_or_gone = weak_from_this(), &loop = loop_] {
    loop.post([self_or_gone] {
      if (const auto self = self_or_gone.lock()) self->stop();
    });
  });
  if (choose(LastResort::kYes)) attempt();
}

bool ChatCall::choose(LastResort last_resort) {
  auto lease = upstreams_->take(sticky_, tried_, last_resort);
  if (!lease) return false;
  tried_[lease->index()] = true;
  const Upstream* const chosen = &upstreams_->at(lease->index());
  if (upstream_ == nullptr || chosen->options.model != upstream_->options.model) {
    body_ = operation_request(*input_.json, run_->envelope().request.files, chosen->options);
  }
  upstream_ = chosen;
  lease_ = std::move(*lease);
  return true;
}

void ChatCall::attempt() {
  if (!memory_.hold(request_bytes())) return fail(driver_overload());
  ++attempts_;
  head_ = {};
  reader_.reset();
  deltas_ = {};
  error_body_.clear();
  const OpenAiOptions& options = upstream_->options;
  http::ClientRequest request;
  request.method = "POST";
  request.url = upstream_->url;
  request.proxy = options.proxy;
  request.endpoint = upstream_->endpoint;
  request.headers = request_headers(*upstream_, run_->envelope().request.context, body_.content_type);
  request.body = body_.bytes;
  // Over a kept connection libcurl may send it twice by itself.
  const bool once = !may_run_again(run_->envelope().on_lost, Setback::kWritten);
  request.connection = once ? http::ConnectionUse::kOwn : http::ConnectionUse::kKept;
  request.connect_timeout = options.connect_timeout;
  request.max_response_bytes = options.max_response_bytes;
  enter(Phase::kConnect);
  transfer_ = http::start_transfer(loop_, std::move(request),
                                   std::make_shared<GuardedTransfer<ChatCall>>(shared_from_this()));
}

void ChatCall::failed(FailedAttempt failure, Error error) {
  lease_.end(health_of(failure), rest_of(failure, system_clock().now()));
  if (!told_ && (fail_over(failure, error) || try_again(failure, error))) return;
  if (!may_run_again(run_->envelope().on_lost, setback_of(failure))) error = not_run_again(std::move(error));
  fail(std::move(error));
}

void ChatCall::failed_in_answer(Error error) {
  if (is_our_own(error)) return fail(std::move(error));
  const bool passing = error.is_retryable();
  failed({.status = head_.status, .in_answer = true, .passing = passing}, std::move(error));
}

bool ChatCall::fail_over(const FailedAttempt& failure, const Error& error) {
  if (!may_fail_over(run_->envelope().on_lost, failure)) return false;
  // Its secrets are another server's in a moment.
  const std::string what =
      "the upstream " + upstream_->name + " failed (" + redacted(error.message, secrets()) + "), ";
  if (!choose(LastResort::kNo)) return false;
  ++failovers_;
  run_->log("warn", what + upstream_->name + " is asked instead");
  transfer_.cancel();
  attempt();
  return true;
}

bool ChatCall::try_again(const FailedAttempt& failure, const Error& error) {
  if (!may_run_again(run_->envelope().on_lost, setback_of(failure))) return false;
  const OpenAiOptions& options = upstream_->options;
  const SteadyTime now = std::chrono::steady_clock::now();
  if (failure.loading && loading_retries_ == 0) loading_since_ = now;
  RetryMoment moment;
  moment.retries = attempts_ - 1 - loading_retries_ - failovers_;
  moment.loading_retries = loading_retries_;
  moment.loading_for = std::chrono::duration_cast<milliseconds>(now - loading_since_);
  moment.now = system_clock().now();
  moment.random = random_fraction();
  if (const auto& deadline = run_->envelope().deadline) moment.time_left = *deadline - moment.now;
  const RetryPolicy policy{options.max_retries, options.retry_backoff, options.max_retry_after,
                           options.max_loading_wait};
  const auto retry = next_retry(policy, failure, moment);
  if (!retry) return false;
  report_retry(*retry, error);
  if (retry->waits_for_model) ++loading_retries_;
  transfer_.cancel();
  // Which server is well can be said only when the wait is over.
  timer_ = loop_.after(retry->wait, [self = shared_from_this()] { self->attempt_again(); });
  return true;
}

void ChatCall::attempt_again() {
  if (!run_) return;
  tried_.assign(tried_.size(), false);
  if (choose(LastResort::kYes)) attempt();
}

void ChatCall::report_retry(const Retry& retry, const Error& error) {
  if (!retry.waits_for_model) {
    return run_->log("warn", "attempt " + std::to_string(attempts_ - loading_retries_ - failovers_) + " of " +
                                 std::to_string(upstream_->options.max_retries + 1) +
                                 " failed, the next one follows in " + format_duration(retry.wait) + ": " +
                                 error.message);
  }
  const SteadyTime now = std::chrono::steady_clock::now();
  if (loading_retries_ > 0 && now - loading_reported_ < kLoadingLog) return;
  loading_reported_ = now;
  run_->log("info", "the upstream loads its model; it is asked again until it is there: " + error.message);
}

// Deadlines: one timer a call. Each piece of a stream moves the idle deadline without touching the timer,
// which looks at the deadline when it fires.

milliseconds ChatCall::limit_of(Phase phase) const {
  switch (phase) {
    case Phase::kConnect:
      return upstream_->options.connect_timeout;
    case Phase::kFirstByte:
      return upstream_->options.first_byte_timeout;
    case Phase::kIdle:
      return upstream_->options.idle_timeout;
    case Phase::kAfterFinish:
      return std::min(kAfterFinish, upstream_->options.idle_timeout);
    case Phase::kAfterDone:
      break;
  }
  return std::min(kAfterDone, upstream_->options.idle_timeout);
}

void ChatCall::enter(Phase phase) {
  phase_ = phase;
  deadline_ = std::chrono::steady_clock::now() + limit_of(phase);
  arm(limit_of(phase));
}

void ChatCall::touch() {
  deadline_ = std::chrono::steady_clock::now() + limit_of(phase_);
}

void ChatCall::arm(std::chrono::nanoseconds delay) {
  timer_ = loop_.after(delay, [self_or_gone = weak_from_this()] {
    if (const auto self = self_or_gone.lock()) self->on_timer();
  });
}

void ChatCall::on_timer() {
  const auto left = deadline_ - std::chrono::steady_clock::now();
  if (left.count() > 0) return arm(left);
  on_deadline();
}

void ChatCall::on_deadline() {
  transfer_.cancel();
  if (head_.status != 0 && !good_status()) return bad_status();
  if (reader_) {
    AnswerPieces pieces;
    auto read = reader_->end(BodyReader::Ending::kCut, pieces);
    auto told = report(std::move(pieces));
    if (read && !told) read = std::move(told);
    if (!read) return failed_in_answer(std::move(read).error());
    if (reader_->complete()) return succeed();
  }
  if (phase_ == Phase::kConnect) return no_response({http::TransferEnd::How::kConnectTimedOut, ""});
  const bool first = phase_ == Phase::kFirstByte;
  const milliseconds limit = limit_of(phase_);
  Error error = upstream_error(
      error_code::kUpstreamTimeout,
      first ? "the upstream sent no byte of an answer within " + format_duration(limit) +
                  " (first_byte_timeout)"
            : "the upstream's answer stood still for " + format_duration(limit) + " (idle_timeout)");
  error = std::move(error)
              .with("phase", std::string(first ? "first_byte" : "idle"))
              .with("timeout_ms", limit.count());
  if (reader_) return failed_in_answer(std::move(error));
  failed({.timed_out = true}, std::move(error));
}

void ChatCall::on_connected() {
  if (phase_ == Phase::kConnect) enter(Phase::kFirstByte);
}

void ChatCall::on_head(const http::ResponseHead& head) {
  head_ = head;
  if (!good_status()) return enter(Phase::kIdle);
  const std::size_t max_event_bytes = std::min(kMaxEventBytes, upstream_->options.max_response_bytes);
  reader_ = make_body_reader(upstream_->options.operation, head.content_type,
                             {max_event_bytes, Quoting{upstream_->options.error_excerpt_bytes, secrets()}},
                             run_->memory());
}

void ChatCall::on_body(std::string_view bytes) {
  if (good_status()) return read_answer(bytes);
  touch();
  const std::size_t enough = kMaxErrorBody + upstream_->options.error_excerpt_bytes;
  bytes = bytes.substr(0, enough - error_body_.size());
  // The status tells what happened where there is no room for the words that explain it.
  if (!memory_.append(error_body_, bytes, request_bytes())) return bad_status();
  if (error_body_.size() == enough) bad_status();
}

void ChatCall::read_answer(std::string_view bytes) {
  if (phase_ == Phase::kFirstByte) {
    enter(Phase::kIdle);
  } else if (phase_ == Phase::kIdle) {
    touch();
  }
  AnswerPieces pieces;
  auto read = reader_->feed(bytes, pieces);
  auto told = report(std::move(pieces));
  if (read && !told) read = std::move(told);
  if (!read) return failed_in_answer(std::move(read).error());
  follow_the_answer();
}

void ChatCall::follow_the_answer() {
  const Phase phase = reader_->done()                  ? Phase::kAfterDone
                      : reader_->only_waits_for_done() ? Phase::kAfterFinish
                                                       : Phase::kIdle;
  if (phase != phase_) enter(phase);
}

Result<void> ChatCall::report(AnswerPieces pieces) {
  std::vector<AnswerDelta> deltas;
  auto taken = deltas_.take(std::move(pieces), deltas);
  tell(std::move(deltas));
  return taken;
}

void ChatCall::tell(std::vector<AnswerDelta> deltas) {
  for (AnswerDelta& delta : deltas) {
    told_ |= !delta.text.empty() || !delta.parts.empty();
    if (delta.parts.empty()) {
      run_->delta(delta.text);
    } else {
      run_->delta(delta.text, std::move(delta.parts));
    }
  }
}

void ChatCall::on_end(const http::TransferEnd& end) {
  if (head_.status == 0) return no_response(end);
  if (!good_status()) return bad_status();
  end_of_answer(end);
}

void ChatCall::end_of_answer(const http::TransferEnd& end) {
  using How = http::TransferEnd::How;
  using Ending = BodyReader::Ending;
  AnswerPieces pieces;
  auto read = reader_->end(end.how == How::kComplete ? Ending::kInOrder : Ending::kCut, pieces);
  auto told = report(std::move(pieces));
  if (read && !told) read = std::move(told);
  if (!read) return failed_in_answer(std::move(read).error());
  if (reader_->complete()) return succeed();
  if (end.how == How::kTooLarge) {
    const std::size_t limit = upstream_->options.max_response_bytes;
    Error error{error_code::kOutputTooLarge, "the upstream's answer is longer than " + std::to_string(limit) +
                                                 " bytes (max_response_bytes)"};
    return fail(std::move(error).with("limit", limit).with("what", std::string("response bytes")));
  }
  std::string message = "the upstream's answer ended before it was complete";
  message += end.how == How::kComplete ? " (neither [DONE] nor a finish_reason came)" : ": " + end.reason;
  failed_in_answer(upstream_error(error_code::kUpstreamBroken, std::move(message)));
}

void ChatCall::no_response(const http::TransferEnd& end) {
  constexpr std::string_view kServer = "the upstream";
  const std::string& address = upstream_->address;
  FailedAttempt failure;
  Error error;
  switch (end.how) {
    case http::TransferEnd::How::kConnectTimedOut: {
      const milliseconds limit = limit_of(Phase::kConnect);
      failure.progress = RequestProgress::kNotConnected;
      error = upstream_error(error_code::kUpstreamTimeout, "no connection to the upstream within " +
                                                               format_duration(limit) + " (connect_timeout)")
                  .with("phase", std::string("connect"))
                  .with("timeout_ms", limit.count())
                  .with_internal(address);
      break;
    }
    case http::TransferEnd::How::kNotConnected:
      failure.progress = RequestProgress::kNotConnected;
      error = not_connected(kServer, address, end);
      break;
    default:
      if (!end.request_written) failure.progress = RequestProgress::kNotWritten;
      error = left_unanswered(kServer, address, end);
  }
  failed(failure, std::move(error));
}

void ChatCall::bad_status() {
  const OpenAiOptions& options = upstream_->options;
  Error error = error_for_status(head_.status, error_body_, {options.error_excerpt_bytes, secrets()});
  if (const auto wait = parse_retry_after(head_.retry_after, system_clock().now())) {
    error = std::move(error).with("retry_after_ms", wait->count());
  }
  const std::string retry_after = head_.retry_after;  // head_ belongs to the next attempt soon
  const bool loading = says_model_is_loading(head_.status, error_body_);
  failed({.status = head_.status, .retry_after = retry_after, .loading = loading}, std::move(error));
}

void ChatCall::fault(Error error) {
  if (run_) fail(std::move(error));
}

void ChatCall::stop() {
  if (run_) leave()->stopped();
}

void ChatCall::succeed() {
  AnswerPieces pieces;
  if (auto finished = reader_->finish(pieces); !finished)
    return failed_in_answer(std::move(finished).error());
  if (auto told = report(std::move(pieces)); !told) return failed_in_answer(std::move(told).error());
  std::vector<AnswerDelta> last;
  auto whole = deltas_.finish(last);
  tell(std::move(last));
  if (!whole) return failed_in_answer(std::move(whole).error());
  Json result = reader_->take_result();
  for (Artifact& artifact : reader_->take_artifacts()) run_->artifact(std::move(artifact));
  lease_.end(UpstreamHealth::kGood);
  leave()->succeed(std::move(result));
}

void ChatCall::fail(Error error) {
  if (head_.status != 0) error.details.insert_or_assign("status", head_.status);
  error.details.insert_or_assign("attempts", attempts_);
  if (upstreams_->size() > 1 && upstream_ != nullptr) {
    error.details.insert_or_assign("upstream", upstream_->name);
  }
  error.message = redacted(std::move(error.message), secrets());
  error.internal = redacted(std::move(error.internal), secrets());
  leave()->fail(std::move(error));
}

std::shared_ptr<GenerationRun> ChatCall::leave() {
  stop_.reset();
  timer_.cancel();
  auto run = std::move(run_);
  lease_.end(UpstreamHealth::kNeither);
  reader_.reset();
  error_body_ = {};
  memory_.release();
  // May let go of the last reference to this object, so its caller touches nothing of it afterwards.
  transfer_.cancel();
  return run;
}

}  // namespace shunt::generation::openai
