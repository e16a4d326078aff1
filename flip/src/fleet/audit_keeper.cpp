#include "fleet/audit_keeper.hpp"

#include <algorithm>
#include <utility>

#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::flip {
namespace {

constexpr std::size_t kPiece = 200;
constexpr std::chrono::milliseconds kBetweenCopies{50};
// What could not be written is tried again after this; the stream has it meanwhile.
constexpr std::chrono::seconds kAgain{30};

Error unreadable(const std::exception& error) {
  return {"flip_store_unreadable", std::string("the audit cannot be read now: ") + executor::words_of(error),
          Retryable::kYes};
}

}  // namespace

AuditKeeper::AuditKeeper(FlipContext& context, Follower& follower) : context_(context), follower_(follower) {
  if (!context.options.audit_file.empty()) file_.emplace(context.options.audit_file);
}

void AuditKeeper::start() {
  if (!file_) return;
  copying_ = executor::run_when_due(
      context_.loop, context_.faults, "flip_audit", kBetweenCopies, [this] { return next_; },
      [this] { return copy(); });
  subscription_ = follower_.on_entries().subscribe([this] { copying_.run_now(); });
}

void AuditKeeper::stop() {
  subscription_.cancel();
  copying_.stop();
}

bullmq::awaitable<void> AuditKeeper::copy() {
  next_ = context_.clock.steady_now() + kAgain;
  while (true) {
    std::string from = copied_;
    const StreamLines piece = co_await context_.records.entries_after(std::move(from), kPiece);
    if (piece.position.empty()) break;
    if (const auto written = file_->append(piece.lines); !written) {
      ++context_.counts.failed_files;
      log::error("flip.audit_file_unwritable", {{"why", written.error().message}});
      co_return;
    }
    copied_ = piece.position;
  }
  next_ = SteadyTime::max();
}

bullmq::awaitable<Result<FlipLogPage>> AuditKeeper::page(std::uint64_t from, std::size_t count) {
  const std::size_t most = std::clamp<std::size_t>(count, 1, kMostInAPage);
  try {
    FlipLogPage page;
    StreamLines piece;
    if (from == 0) piece = co_await context_.records.last_entries(most);
    std::string position = "-";
    while (true) {
      if (from != 0) {
        std::string at = position;
        piece = co_await context_.records.entries_after(std::move(at), kPiece);
      }
      for (const AuditLine& line : piece.lines) {
        if (line.seq < from) continue;
        if (page.entries.size() == most) {
          page.next = line.seq;
          co_return page;
        }
        // What is none of ours is for verify() to tell of.
        if (auto entry = parse_audit_line(line.line)) page.entries.push_back(std::move(*entry));
      }
      if (from == 0 || piece.position.empty()) co_return page;
      position = piece.position;
    }
  } catch (const std::exception& error) {
    executor::note_caught(context_.faults, "flip_log");
    co_return unreadable(error);
  }
}

bullmq::awaitable<Result<ChainReport>> AuditKeeper::verify() {
  try {
    // The record comes first: whatever is changed meanwhile, the chain has what it tells of.
    auto following = follower_.follow();
    const bool read = co_await std::move(following);
    const StoredHead& head = follower_.head();
    ChainCheck check(read ? ChainCheck::Told{head.seq, head.audit_hash} : ChainCheck::Told{});
    std::string position = "-";
    while (true) {
      std::string at = position;
      const StreamLines piece = co_await context_.records.entries_after(std::move(at), kPiece);
      for (const AuditLine& line : piece.lines) check.add(line.line);
      if (piece.position.empty()) break;
      position = piece.position;
    }
    co_return std::move(check).finish();
  } catch (const std::exception& error) {
    executor::note_caught(context_.faults, "flip_log");
    co_return unreadable(error);
  }
}

}  // namespace shunt::flip
