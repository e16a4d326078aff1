#include "batches/line_run.hpp"

#include <algorithm>
#include <utility>

#include "admission/file_use.hpp"
#include "batches/line_call.hpp"
#include "batches/line_files.hpp"
#include "dialects/openai/openai_error.hpp"
#include "representation/decoding_memory.hpp"
#include "representation/generation_body.hpp"
#include "representation/problem.hpp"
#include "shunt/base/overloaded.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api::batches {
namespace {

// A line of a longer answer would be held whole, more than once.
constexpr std::size_t kMaxAnswerBytes = 16UL * 1024 * 1024;
// A generation that ended with its process is begun anew so often.
constexpr unsigned kMostAttempts = 5;
constexpr std::chrono::milliseconds kLongestPause{30'000};

// Joins what an earlier process has begun, until that is known to be lost.
std::string idempotency_key(const LineOf& of, std::uint64_t line, unsigned attempt) {
  std::string key = of.batch_id + ':' + std::to_string(line);
  if (attempt > 1) key += ':' + std::to_string(attempt);
  return key;
}

Error error_of(const GenerationRecord& record) {
  if (record.error) return *record.error;
  return {problem_code::kCancelled, "the generation was cancelled: " + record.cancel_reason};
}

Error lost_before() {
  return not_run_again({error_code::kWorkerLost,
                        "the process that had begun the line is gone, and its model is not run twice"});
}

}  // namespace

LineRun::LineRun(const RunContext& context, const LineOf& of, HeldLine held, MayBegin may_begin,
                 std::function<void(LineEnd)> done)
    : context_(context),
      of_(of),
      held_(std::move(held)),
      decoding_(context.memory, MemoryShare::kRequests),
      may_begin_(std::move(may_begin)),
      done_(std::move(done)) {}

void LineRun::begin() {
  context_.back->post([self = shared_from_this()] {
    if (self->done_) self->read();
  });
}

void LineRun::read() {
  waits_for_room_ = false;
  if (stop_) return end_stopped();
  if (stopping_) return end(LineAbandoned{});
  if (!reserve_decoding()) return;
  auto read = read_batch_line(held_.line, of_.endpoint, body_limits(context_.live.now()->options).json);
  if (const auto* const fault = std::get_if<BatchFault>(&read)) {
    return answer_error({error_code::kInvalidRequest, fault->message});
  }
  body_ = std::move(std::get<BatchLine>(read).body);
  const auto earlier = earlier_of(of_.endpoint, body_);
  earlier ? look_earlier(*earlier) : plan(nullptr, nullptr);
}

// As much as for a body that comes over HTTP. False: the line waits, or has its answer.
bool LineRun::reserve_decoding() {
  if (held_.line.text.size() <= kSmallBody) return true;
  return reserve("this body", decoding_memory(held_.line.text, Decoding::kTranslated));
}

bool LineRun::reserve(std::string_view what, std::size_t more) {
  const std::size_t bytes = decoding_.bytes() + more;
  if (decoding_.try_resize(bytes)) return true;
  const std::size_t capacity = context_.memory.capacity(MemoryShare::kRequests);
  if (bytes > capacity) {
    answer_error(too_large_to_decode(what, bytes, capacity));
  } else {
    wait_for_room(pause_);
  }
  return false;
}

void LineRun::look_earlier(GenerationId id) {
  using Found = Result<executor::FindOutcome>;
  using Asked = Result<executor::RequestOutcome>;
  const auto asked = on_loop<Asked>(context_.back, [self = shared_from_this()](Asked outcome) {
    if (!self->done_) return;
    // Whoever keeps it cannot answer now.
    if (!outcome) return self->try_again_after(self->pause_);
    const auto* const request = std::get_if<GenerationRequest>(&*outcome);
    if (request != nullptr && !self->reserve("the response that it goes on from",
                                             held_request_memory(*request) + stored_request_memory(*request)))
      return;
    self->plan(&*self->earlier_, request);
  });
  context_.executor.find(id,
                         on_loop<Found>(context_.back, [self = shared_from_this(), id, asked](Found outcome) {
                           if (!self->done_) return;
                           if (!outcome) return self->try_again_after(self->pause_);
                           auto* const record = std::get_if<GenerationRecord>(&*outcome);
                           if (record == nullptr || record->caller != self->of_.caller)
                             return self->plan(nullptr, nullptr);
                           self->earlier_ = std::move(*record);
                           self->context_.executor.request_of(id, asked);
                         }));
}

void LineRun::plan(const GenerationRecord* record, const GenerationRequest* request) {
  const auto settings = context_.live.now();
  const LineCaller caller{
      .settings = *settings, .models = context_.models, .urls = context_.urls, .caller = of_.caller};
  std::optional<dialects::Stored> stored;
  if (record != nullptr) stored.emplace(dialects::Stored{*record, request});
  auto call = make_line_call(caller, of_.endpoint, std::exchange(body_, {}), stored ? &*stored : nullptr);
  earlier_.reset();
  if (!call) return answer_error(call.error());
  call_ = std::move(*call);
  take_files();
}

// Again by whoever takes the line over: it joins the generation of before where the files are the same.
void LineRun::take_files() {
  const Model& model = *call_->model;
  if (model.input_rules.files().empty() && !takes_message_files(model)) return begin_generation();
  GenerationRequest request = call_->request;
  const auto taken = take_line_files(context_.files, model, use_of_files(), request, call_->file_places);
  if (taken) {
    call_->request = std::move(request);
    return begin_generation();
  }
  if (!taken.error().is_retryable()) return answer_error(taken.error());
  try_again_after(pause_);
}

FileUse LineRun::use_of_files() const {
  const auto settings = context_.live.now();
  const auto key = settings->keys.required() ? settings->keys.find_caller(of_.caller) : nullptr;
  const FileOptions& options = settings->options.files;
  const WallTime now = system_clock().now();
  const WallTime begins = std::max(now, of_.expires_at);
  return {.caller = of_.caller,
          .now = now,
          .until = held_until(options, begins, call_->request.options.timeout, call_->model->timeout),
          .quota = file_quota(options, key ? &key->config() : nullptr)};
}

void LineRun::begin_generation() {
  const bool once = call_->model->on_lost == OnLost::kFail && context_.local;
  if (once && !std::exchange(may_begin_asked_, true) && !may_begin_(held_.line.number))
    return answer_error(lost_before());
  submit();
}

void LineRun::submit() {
  if (stop_) return end_stopped();
  if (stopping_) return end(LineAbandoned{});
  GenerationRequest request = std::move(call_->request);
  request.idempotency_key = idempotency_key(of_, held_.line.number, attempt_);
  // A process that goes leaves it to the others.
  request.respond_async = true;
  context_.executor.submit(std::move(request), answered<executor::SubmitOutcome>(&LineRun::take));
}

void LineRun::take(executor::SubmitOutcome outcome) {
  decoding_.release();
  if (const auto* const refused = std::get_if<executor::Refused>(&outcome)) return take_refused(*refused);
  if (auto* const accepted = std::get_if<executor::Accepted>(&outcome)) return take_accepted(*accepted);
  // Whether it was taken is not known: the same key finds out.
  id_ = std::get<executor::Unknown>(outcome).id;
  try_again_after(pause_);
}

void LineRun::take_refused(const executor::Refused& refused) {
  if (refused.error.code == error_code::kShuttingDown) return end(LineAbandoned{});
  if (!refused.error.is_retryable()) return answer_error(refused.error);
  wait_for_room(refused.retry_after.value_or(pause_));
}

void LineRun::wait_for_room(std::chrono::milliseconds wait) {
  waits_for_room_ = true;
  try_again_after(wait);
}

// From its text on: it joins the generation of before where there is one.
void LineRun::try_again_after(std::chrono::milliseconds wait) {
  if (stop_) return end_stopped();
  if (stopping_) return end(LineAbandoned{});
  forget_decoded();
  pause_ = std::min(pause_ * 2, kLongestPause);
  timer_ = context_.loop.after(std::min(wait, kLongestPause), [self = shared_from_this()] {
    if (self->done_) self->read();
  });
}

void LineRun::forget_decoded() {
  body_ = {};
  earlier_.reset();
  call_.reset();
  decoding_.release();
}

void LineRun::ask_again() {
  timer_.cancel();
  read();
}

void LineRun::take_accepted(executor::Accepted& accepted) {
  id_ = accepted.id;
  joined_ = accepted.replayed;
  if (stop_) context_.executor.cancel(*id_, stop_->message, [](const auto&) {});
  if (accepted.watch) return watch(std::move(accepted.watch));
  context_.executor.watch(*id_, {}, answered<Result<executor::WatchOutcome>>(&LineRun::take_watch));
}

void LineRun::take_watch(Result<executor::WatchOutcome> outcome) {
  if (!outcome) return try_again_after(pause_);
  if (auto* const found = std::get_if<std::unique_ptr<EventWatch>>(&*outcome))
    return watch(std::move(*found));
  if (stop_) return end_stopped();
  // Nobody knows what it said: it was kept for as long as records are, and no longer.
  answer_error({error_code::kGenerationGone,
                "the line's generation has ended, and its record is no longer kept: " + id_->to_string()});
}

void LineRun::watch(std::unique_ptr<EventWatch> watch) {
  // Only one that was joined may have to be begun anew.
  if (!joined_) {
    std::string().swap(held_.line.text);
    held_.memory.release();
  }
  watch_ = std::move(watch);
  wait_for_end();
}

void LineRun::wait_for_end() {
  watch_->on_end([back = context_.back, weak = weak_from_this()] {
    back->post([weak] {
      const auto self = weak.lock();
      if (self && self->done_) self->ended();
    });
  });
}

void LineRun::ended() {
  record_ = watch_->record_at_end();
  watch_.reset();
  if (!record_) {
    if (stop_) return end_stopped();
    return answer_error({error_code::kGenerationGone, "the line's generation is no longer kept"});
  }
  if (record_->state == GenerationState::kSucceeded) {
    if (!call_->rendering->wants_artifacts()) return answer();
    return load_artifacts();
  }
  const bool cut_short = record_->state == GenerationState::kCancelled;
  if (cut_short && stop_) return end_stopped();
  if (cut_short && stopping_) return end(LineAbandoned{});
  if (begins_anew(*record_)) {
    ++attempt_;
    record_.reset();
    return read();
  }
  http::Response response;
  response.write_error = dialects::openai::write_error;
  call_->rendering->begin(response, *id_);
  answer_error(error_of(*record_));
}

// Of one that was begun by another process: it has ended with that, and may be run again.
bool LineRun::begins_anew(const GenerationRecord& record) {
  const bool with_its_process = record.state == GenerationState::kCancelled ||
                                (record.error && record.error->code == error_code::kInterrupted);
  return joined_ && with_its_process && call_->model->on_lost == OnLost::kRerun && attempt_ < kMostAttempts;
}

void LineRun::load_artifacts() {
  if (artifacts_.size() == record_->artifacts.size()) return answer();
  using Loaded = Result<dialects::Bytes>;
  context_.executor.load(record_->artifacts[artifacts_.size()],
                         on_loop<Loaded>(context_.back, [self = shared_from_this()](Loaded bytes) {
                           if (!self->done_) return;
                           if (!bytes) return self->answer_error(bytes.error());
                           self->artifacts_.push_back(std::move(*bytes));
                           self->load_artifacts();
                         }));
}

void LineRun::answer() {
  http::Response response;
  response.write_error = dialects::openai::write_error;
  call_->rendering->begin(response, *id_);
  call_->rendering->answer(response, *record_, artifacts_);
  std::string body = response.shared_body
                         ? response.shared_body->substr(response.shared_offset, response.shared_length)
                         : std::move(response.body);
  if (body.size() > kMaxAnswerBytes) {
    return answer_error({error_code::kOutputTooLarge, "the answer has more than 16 MiB"});
  }
  LineResult result{.line = held_.line.number, .custom_id = held_.custom_id};
  result.answer = {.status = response.status, .request_id = id_->to_string(), .body = std::move(body)};
  end(std::move(result));
}

void LineRun::answer_error(const Error& error) {
  http::Response response;
  dialects::openai::write_error(response, error);
  LineResult result{.line = held_.line.number, .custom_id = held_.custom_id};
  result.answer = {.status = response.status,
                   .request_id = id_ ? id_->to_string() : line_id(of_.batch_id, held_.line.number),
                   .body = std::move(response.body)};
  end(std::move(result));
}

void LineRun::cancel(std::string code, std::string message) {
  if (stop_ || !done_) return;
  stop_ = Stop{.code = std::move(code), .message = std::move(message)};
  if (id_) {
    context_.executor.cancel(*id_, stop_->message, [](const auto&) {});
  } else if (timer_.pending()) {
    timer_.cancel();
    end_stopped();
  }
}

void LineRun::drop() {
  done_ = nullptr;
  timer_.cancel();
  watch_.reset();
}

void LineRun::end_stopped() {
  end(LineResult{.line = held_.line.number,
                 .custom_id = held_.custom_id,
                 .answer = {},
                 .error_code = stop_->code,
                 .error_message = stop_->message});
}

void LineRun::end(LineEnd end) {
  timer_.cancel();
  const auto done = std::exchange(done_, nullptr);
  done(std::move(end));
}

}  // namespace shunt::api::batches
