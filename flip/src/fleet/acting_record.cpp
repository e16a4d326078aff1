#include "fleet/acting_record.hpp"

#include <utility>

#include "shunt/base/log.hpp"
#include "store/private_file.hpp"
#include "store/state_file.hpp"

namespace shunt::flip {
namespace {

std::optional<LocalRecord> read_copy(FlipContext& context) {
  const std::string& path = context.options.state_file;
  if (path.empty()) return std::nullopt;
  auto kept = read_state_file(path);
  if (!kept) {
    ++context.counts.failed_files;
    log::error("flip.state_file_unreadable", {{"file", path}, {"why", kept.error().message}});
    return std::nullopt;
  }
  if (!*kept) return std::nullopt;
  return LocalRecord{.record = std::move((*kept)->record), .unmerged = (*kept)->unmerged};
}

}  // namespace

ActingRecord::ActingRecord(FlipContext& context, CurrentSnapshot& snapshot, Listener listener)
    : context_(context),
      snapshot_(snapshot),
      listener_(std::move(listener)),
      first_(first_record(context.options.strategy, new_salt(), context.clock.now())),
      local_(local_at_start(read_copy(context), first_)) {
  replace_snapshot();
  listener_(local_.record);
}

void ActingRecord::act_on(LocalRecord next) {
  if (next == local_) return;
  const bool moved = !(next.record == local_.record);
  local_ = std::move(next);
  ++version_;
  if (moved) {
    replace_snapshot();
    listener_(local_.record);
    log::info("flip.acts_on", {{"epoch", local_.record.epoch},
                               {"place", place_text(local_.record)},
                               {"by", actor_kind_name(local_.record.by.kind)},
                               {"name", local_.record.by.name},
                               {"why", local_.record.why},
                               {"unmerged", local_.unmerged}});
  }
  keep();
  context_.changed();
}

void ActingRecord::look_around(std::chrono::milliseconds unwatched_for) {
  view_.store_unreadable_for = unwatched_for;
  if (context_.options.breaker_open_for) view_.breaker_open_for = context_.options.breaker_open_for();
  const bool was_blind = blind_;
  if (Snapshot(local_.record, view_).is_blind() == was_blind) return;
  replace_snapshot();
  log::warn("flip.rollout_not_watched", {{"blind", blind_},
                                         {"unwatched_ms", view_.store_unreadable_for.count()},
                                         {"breaker_open_ms", view_.breaker_open_for.count()}});
}

void ActingRecord::replace_snapshot() {
  Snapshot next(local_.record, view_);
  blind_ = next.is_blind();
  snapshot_.replace(std::move(next));
}

// What cannot be kept is acted on all the same; a start without the store then comes up in what was kept
// before, which may be higher: somebody has to look at it.
void ActingRecord::keep() {
  const std::string& path = context_.options.state_file;
  if (path.empty() || local_.provisional) return;
  const auto kept = replace_file(path, kept_text({local_.record, local_.unmerged}));
  if (kept) return;
  ++context_.counts.failed_files;
  log::error("flip.state_file_unwritable", {{"file", path}, {"why", kept.error().message}});
}

}  // namespace shunt::flip
