#include "sync_run.hpp"

#include <exception>
#include <utility>

#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::executor {
namespace {

SteadyTime::rep steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

// Joins the caller's trace with the generation, in the log of whichever process runs it.
void log_started(const Envelope& envelope) {
  if (!log::enabled(log::Level::kDebug)) return;
  log::debug("generation.started", {{"id", envelope.id.to_string()},
                                    {"model", envelope.request.model},
                                    {"traceparent", envelope.request.context.traceparent}});
}

}  // namespace

SyncRun::SyncRun(Place place, Envelope envelope, std::shared_ptr<Generation> generation, EventLoop& loop,
                 SteadyTime admitted_at, std::chrono::milliseconds timeout)
    : place_(std::move(place)),
      envelope_(std::move(envelope)),
      generation_(std::move(generation)),
      loop_(loop),
      admitted_at_(admitted_at),
      timeout_(timeout) {}

SyncRun::~SyncRun() {
  if (take_conclusion()) {
    const bool stopping = stop_reason() != StopReason::kNone;
    release_slot();
    if (stopping) {
      end_as_stopped();
    } else {
      generation_->fail({error_code::kGeneratorVanished,
                         "the generator dropped the generation without ending it (a bug in the generator)"});
    }
    notify_owner();
  }
  retire_timers();
}

void SyncRun::dismiss() noexcept {
  concluded_ = true;
  owner_notified_ = true;
}

void SyncRun::begin() {
  has_slot_ = true;
  if (stop_.stop_requested()) return stopped();
  began_at_ = steady_now();
  generation_->start();
  log_started(envelope_);
  try {
    model().generator->start(shared_from_this());
  } catch (const std::exception& failure) {
    fail(Error{error_code::kGeneratorFailed, "the generator did not start"}.with_internal(failure.what()));
  }
  if (!concluded_ && !deadline_.pending()) arm_deadline();
}

void SyncRun::begin_soon() {
  loop_.post([self = shared_from_this()] { self->begin(); });
}

void SyncRun::wait_in_line() {
  arm_deadline();
}

void SyncRun::request_stop(StopReason reason, std::string why) {
  {
    const std::lock_guard lock(mutex_);
    if (reason_ != StopReason::kNone) return;
    reason_ = reason;
    why_ = std::move(why);
  }
  if (place_.slots->leave_line(*this)) {
    if (!take_conclusion()) return;
    end_as_stopped();
    return notify_owner();
  }
  if (reason == StopReason::kCancelled) generation_->mark_cancel_requested();
  stop_.request_stop();
  if (!concluded_) {
    loop_.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->arm_grace();
    });
  }
}

StopReason SyncRun::stop_reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

std::chrono::nanoseconds SyncRun::waited() const {
  const SteadyTime::rep until = began_at_ != 0 ? began_at_ : ended_at_;
  return std::chrono::nanoseconds(until) - admitted_at_.time_since_epoch();
}

std::chrono::nanoseconds SyncRun::ran() const {
  return std::chrono::nanoseconds(began_at_ == 0 ? 0 : ended_at_ - began_at_);
}

void SyncRun::delta(std::string_view text) {
  bool taken = true;
  {
    // Held during the append too, so that pieces from two threads stay whole.
    const std::lock_guard lock(mutex_);
    text_.push(text, [&](std::string_view whole) { taken = generation_->delta(whole); });
  }
  stop_if_over_limit(taken);
}

void SyncRun::delta(std::string_view text, MessageParts parts) {
  bool taken = true;
  {
    const std::lock_guard lock(mutex_);
    std::string whole;
    if (!text.empty()) text_.push(text, [&whole](std::string_view told) { whole = told; });
    if (!parts_) parts_ = std::make_unique<PartsUtf8>();
    parts_->push(parts);
    taken = generation_->delta(whole, std::move(parts));
  }
  stop_if_over_limit(taken);
}

void SyncRun::progress(double fraction, std::string_view message) {
  generation_->progress(fraction, is_valid_utf8(message) ? std::string(message) : to_valid_utf8(message));
}

void SyncRun::log(std::string_view level, std::string_view message) {
  generation_->log(level, is_valid_utf8(message) ? std::string(message) : to_valid_utf8(message));
}

void SyncRun::artifact(Artifact artifact) {
  flush_deltas();
  stop_if_over_limit(generation_->artifact(std::move(artifact)));
}

void SyncRun::succeed(Json result) {
  if (!take_conclusion()) return;
  release_slot();
  flush_deltas();
  generation_->succeed(std::move(result));
  notify_owner();
}

void SyncRun::fail(Error error) {
  // A generator that was told to stop may report that as an error of its own: the reason to stop explains
  // more.
  if (stop_reason() != StopReason::kNone) return stopped();
  if (!take_conclusion()) return;
  release_slot();
  flush_deltas();
  error.message = to_valid_utf8(error.message);
  error.internal = to_valid_utf8(error.internal);
  generation_->fail(std::move(error));
  notify_owner();
}

void SyncRun::stopped() {
  if (!take_conclusion()) return;
  release_slot();
  flush_deltas();
  end_as_stopped();
  notify_owner();
}

bool SyncRun::take_conclusion() {
  return !concluded_.exchange(true);
}

// Before the terminal event, so that a client who has seen the end finds the slot free.
void SyncRun::release_slot() {
  if (!has_slot_.exchange(false)) return;
  const std::chrono::nanoseconds took(began_at_ == 0 ? 0 : steady_now() - began_at_);
  if (const auto next = place_.slots->release(took)) next->begin_soon();
}

void SyncRun::flush_deltas() {
  const std::lock_guard lock(mutex_);
  text_.finish([&](std::string_view rest) { generation_->delta(rest); });
  if (parts_) generation_->delta({}, parts_->finish());
}

void SyncRun::end_as_stopped() {
  StopReason reason;
  std::string why;
  {
    const std::lock_guard lock(mutex_);
    reason = reason_;
    why = why_;
  }
  switch (reason) {
    case StopReason::kCancelled:
    case StopReason::kShutdown:
      generation_->cancel(why);
      break;
    case StopReason::kDeadline: {
      const bool began = began_at_ != 0;
      Error error = deadline_exceeded(timeout_, began);
      if (began && !may_run_again(envelope().on_lost, Setback::kFailed))
        error = not_run_again(std::move(error));
      generation_->fail(std::move(error));
      break;
    }
    case StopReason::kOutputLimit:
      break;  // it has ended already
    case StopReason::kNone:
      generation_->fail({error_code::kGeneratorFailed, "the generator stopped without being asked to"});
      break;
  }
}

void SyncRun::notify_owner() {
  if (owner_notified_.exchange(true)) return;
  ended_at_ = steady_now();
  place_.owner->run_ended(*this);
}

void SyncRun::stop_if_over_limit(bool taken) {
  if (taken || concluded_ || !is_terminal(generation_->state())) return;
  notify_owner();
  request_stop(StopReason::kOutputLimit, {});
}

void SyncRun::arm_deadline() {
  const auto left = admitted_at_ + timeout_ - std::chrono::steady_clock::now();
  deadline_ = loop_.after(left, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->request_stop(StopReason::kDeadline, {});
  });
}

void SyncRun::arm_grace() {
  if (concluded_) return;
  grace_ = loop_.after(model().stop_grace, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->concluded_) return;
    self->end_as_stopped();
    self->notify_owner();
  });
}

void SyncRun::retire_timers() {
  if (EventLoop::current() == &loop_ || (!deadline_.pending() && !grace_.pending())) return;
  loop_.post([deadline = std::make_shared<Timer>(std::move(deadline_)),
              grace = std::make_shared<Timer>(std::move(grace_))] {});
}

}  // namespace shunt::executor
