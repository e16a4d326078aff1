#include "queue/services/artifact_cleanup.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "queue/runtime/run_on_pool.hpp"
#include "queue/services/retention_interval.hpp"
#include "shunt/base/log.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

constexpr std::chrono::seconds kExpiryInterval{15};
// What is stored belongs to a generation that may still run for as long as its model lets it, and clocks of
// machines differ.
constexpr std::chrono::minutes kExpirySlack{10};
// Calls of release.lua in one round.
constexpr int kReleaseLooks = 20;

}  // namespace

void ArtifactCleanup::start() {
  releasing_ =
      run_periodically(context_.loop, context_.faults, "released_artifacts",
                       retention_interval(context_.options.queue), [this] { return remove_released(); });
  expiring_ = run_periodically(context_.loop, context_.faults, "expire_artifacts", kExpiryInterval,
                               [this] { return expire(); });
}

void ArtifactCleanup::stop() {
  releasing_.stop();
  expiring_.stop();
}

awaitable<void> ArtifactCleanup::remove_released() {
  for (int look = 0; look < kReleaseLooks; ++look) {
    std::string position = position_;
    auto answered = co_await context_.list_records.release(std::move(position));
    const ReleaseAnswer answer = value_or_throw(std::move(answered));
    position_ = answer.next;
    for (const std::string& digest : answer.digests) {
      ArtifactStore* const store = &context_.artifacts;
      std::function<Result<void>()> work = [store, digest] { return store->remove(digest); };
      const Result<void> removed = co_await run_on(context_.files, std::move(work));
      if (!removed) log::warn("artifacts.not_removed", {{"error", log_text(removed.error())}});
      co_await context_.list_records.finish_release(digest);
    }
    if (position_ == kScanEnd) co_return;
  }
}

// A part each time.
awaitable<void> ArtifactCleanup::expire() {
  std::chrono::milliseconds longest{0};
  for (const auto& [name, timeout] : context_.timeouts()) longest = std::max(longest, timeout);
  const auto age = longest + context_.options.queue.retention + kExpirySlack;
  ArtifactStore* const store = &context_.artifacts;
  std::function<Result<std::size_t>()> work = [store, age] { return store->expire(age); };
  const Result<std::size_t> expired = co_await run_on(context_.files, std::move(work));
  if (!expired) {
    log::warn("artifacts.not_expired", {{"error", log_text(expired.error())}});
  } else if (*expired > 0) {
    log::info("artifacts.expired", {{"count", *expired}});
  }
}

}  // namespace shunt::executor
