#include "shunt/tracing/span_exporter.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <random>
#include <thread>

#include "delivery.hpp"
#include "otlp_client.hpp"
#include "otlp_json.hpp"
#include "shunt/base/log.hpp"
#include "span_buffer.hpp"

namespace shunt::tracing {
namespace {

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

// A collector that goes away must not end the process; http's client leaves signals alone.
void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

class SpanExporter::Impl {
 public:
  Impl(ExporterOptions options, Resource resource)
      : options_(std::move(options)),
        resource_(std::move(resource)),
        client_(options_),
        buffer_(options_.max_queue_spans, options_.max_queue_bytes),
        thread_([this] { run(); }) {}

  ~Impl() { stop(std::chrono::milliseconds(0)); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void record(Span span) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || !buffer_.push(std::move(span), steady_now())) {
        ++counts_.dropped;
        return;
      }
      wake = buffer_.queued() == 1 || buffer_.queued() == options_.max_batch_spans;
    }
    if (wake) wake_.notify_one();
  }

  void stop(std::chrono::milliseconds within) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(stopping_, true)) return;
      stop_by_ = steady_now() + within;
    }
    client_.interrupt(stop_by_);
    wake_.notify_one();
    thread_.join();
  }

  ExportCounts counts() const {
    const std::lock_guard lock(mutex_);
    ExportCounts counts = counts_;
    counts.waiting = buffer_.held();
    return counts;
  }

 private:
  void run() {
    block_sigpipe();
    for (;;) {
      const std::vector<Span> batch = next_batch();
      if (batch.empty()) return;
      const std::size_t delivered = deliver(batch);
      const std::lock_guard lock(mutex_);
      counts_.exported += delivered;
      counts_.failed += batch.size() - delivered;
      buffer_.release();
    }
  }

  // Waits until there is one. Empty: stopped, and nothing is left, or no time for it.
  std::vector<Span> next_batch() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (stopping_ && (buffer_.queued() == 0 || steady_now() >= stop_by_)) return give_up_rest();
      const auto due = batch_due({buffer_.queued(), buffer_.oldest(), stopping_}, options_);
      if (!due) {
        wake_.wait(lock);
      } else if (steady_now() >= *due) {
        return buffer_.take(options_.max_batch_spans);
      } else {
        wake_.wait_until(lock, *due);
      }
    }
  }

  std::vector<Span> give_up_rest() {
    counts_.failed += buffer_.queued();
    if (const std::size_t left = buffer_.take(buffer_.queued()).size(); left > 0) {
      log::warn("tracing.spans_left", {{"spans", left}});
    }
    buffer_.release();
    return {};
  }

  // How many of them the collector took.
  std::size_t deliver(const std::vector<Span>& batch) {
    const std::string body = encode_request(resource_, batch);
    for (std::size_t tries = 1;; ++tries) {
      const Answer answer = client_.post(body, steady_now() + options_.timeout);
      const Verdict verdict = judge(answer);
      if (verdict == Verdict::kDelivered) return delivered(answer, batch.size());
      note_failure(answer, verdict);
      if (verdict == Verdict::kRefused) return 0;
      const Failure failure{++failures_, answer.retry_after, std::uniform_real_distribution<>()(random_)};
      const bool may_go_on = pause(pause_after(failure, options_));
      if (!may_go_on || tries >= options_.max_tries) return 0;
    }
  }

  std::size_t delivered(const Answer& answer, std::size_t spans) {
    failures_ = 0;
    const std::size_t rejected = std::min(rejected_spans(answer.body), spans);
    if (rejected > 0) {
      log::warn("tracing.spans_rejected", {{"spans", rejected}});
    } else if (std::exchange(failing_, false)) {
      log::info("tracing.export_recovered");
    }
    return spans - rejected;
  }

  // One line for each trouble, not for each request of it.
  void note_failure(const Answer& answer, Verdict verdict) {
    {
      const std::lock_guard lock(mutex_);
      ++counts_.failed_requests;
    }
    if (std::exchange(failing_, true)) return;
    log::warn("tracing.export_failed",
              {{"status", answer.status}, {"error", answer.problem}, {"again", verdict == Verdict::kAgain}});
  }

  // Ends at once when it is to stop. False: there is no time for another try.
  bool pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    if (stopping_) return false;
    const auto until = steady_now() + time;
    while (!stopping_ && steady_now() < until) wake_.wait_until(lock, until);
    return !stopping_ || steady_now() < stop_by_;
  }

  const ExporterOptions options_;
  const Resource resource_;
  OtlpClient client_;
  std::mt19937 random_{std::random_device{}()};
  std::size_t failures_ = 0;  // in a row
  bool failing_ = false;

  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable wake_;
  SpanBuffer buffer_;
  ExportCounts counts_;
  bool stopping_ = false;
  SteadyTime stop_by_{};

  std::thread thread_;  // last: it uses all of the above
};

SpanExporter::SpanExporter(ExporterOptions options, Resource resource)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(resource))) {}
SpanExporter::~SpanExporter() = default;

void SpanExporter::record(Span span) {
  impl_->record(std::move(span));
}

void SpanExporter::stop(std::chrono::milliseconds within) {
  impl_->stop(within);
}

ExportCounts SpanExporter::counts() const {
  return impl_->counts();
}

}  // namespace shunt::tracing
