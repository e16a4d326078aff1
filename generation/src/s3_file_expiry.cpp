#include "s3_file_expiry.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "s3_file_names.hpp"

namespace shunt::generation::s3 {
namespace {

constexpr std::size_t kCallsAWalk = 256;
// What one call removes at most: each name is a request.
constexpr std::size_t kMostRemoved = 250;
// And of objects, each of which is looked at with five.
constexpr std::size_t kObjectsAtOnce = 100;
// A clock that is behind must not see a mark go that it still heeds.
constexpr std::chrono::hours kMarksStay{1};

constexpr std::string_view kCallersPrefix = "callers/";
constexpr std::string_view kHoldersPrefix = "held/";
constexpr std::string_view kObjectsPrefix = "objects/";
constexpr std::string_view kRemoversPrefix = "removing/";

}  // namespace

Result<std::size_t> FileExpiry::step(WallTime now) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return std::size_t{0};
  if (calls_++ % kCallsAWalk == 0 && section_ == Section::kNone) section_ = Section::kCallers;
  switch (section_) {
    case Section::kCallers:
      return step_names(kCallersPrefix, now);
    case Section::kHolders:
      return step_names(kHoldersPrefix, now);
    case Section::kObjects:
      return step_objects(now);
    case Section::kRemovers:
      return step_names(kRemoversPrefix, now);
    case Section::kNone:
      break;
  }
  return std::size_t{0};
}

// The next call looks after the last name of this one, or at the next section.
void FileExpiry::go_on(const NameList& list) {
  if (list.more) {
    after_ = list.names.back();
    return;
  }
  after_.clear();
  section_ = static_cast<Section>(static_cast<int>(section_) + 1);
}

bool FileExpiry::is_over(const std::string& name, WallTime now) const {
  if (section_ == Section::kCallers) {
    const auto entry = decode_entry_name(name);
    return entry && entry->until <= now;
  }
  if (section_ == Section::kHolders) {
    const auto holder = decode_holder_name(name);
    return holder && holder->until <= now;
  }
  const auto remover = decode_remover_name(name);
  return remover && remover->until + kMarksStay <= now;
}

Result<std::size_t> FileExpiry::step_names(std::string_view prefix, WallTime now) {
  auto list = bucket_.page(std::string(prefix), after_);
  if (!list) return std::move(list).error();
  std::size_t removed = 0;
  for (std::size_t i = 0; i < list->names.size(); ++i) {
    if (!is_over(list->names[i], now)) continue;
    if (auto done = bucket_.remove(list->names[i]); !done) return std::move(done).error();
    if (++removed < kMostRemoved) continue;
    list->more = list->more || i + 1 < list->names.size();
    list->names.resize(i + 1);
  }
  // Entries of callers count, and so do bytes; who has held them does not.
  const bool counts = section_ == Section::kCallers;
  go_on(*list);
  return counts ? removed : std::size_t{0};
}

// One list of objects, and one of holders from the first of them on, which says of most objects that they are
// held. The others are looked at one by one.
Result<std::size_t> FileExpiry::step_objects(WallTime now) {
  auto list = bucket_.page(std::string(kObjectsPrefix), after_, kObjectsAtOnce);
  if (!list) return std::move(list).error();
  std::vector<std::string> digests;
  for (const std::string& name : list->names) {
    if (auto digest = decode_object_name(name)) digests.push_back(std::move(*digest));
  }
  std::set<std::string> held;
  if (!digests.empty()) {
    // Names of a digest's holders come after the digest itself.
    const auto holders =
        bucket_.page(std::string(kHoldersPrefix), std::string(kHoldersPrefix) + digests.front());
    if (!holders) return holders.error();
    for (const std::string& name : holders->names) {
      const auto holder = decode_holder_name(name);
      if (holder && holder->until > now) held.insert(holder->sha256);
    }
  }
  std::size_t removed = 0;
  for (const std::string& digest : digests) {
    if (held.contains(digest)) continue;
    const auto gone = bytes_.remove_unheld(digest, now);
    if (!gone) return gone.error();
    removed += *gone ? 1 : 0;
  }
  go_on(*list);
  return removed;
}

}  // namespace shunt::generation::s3
