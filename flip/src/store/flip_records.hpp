#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/redis.hpp"
#include "shunt/flip/namespace.hpp"
#include "store/flip_answers.hpp"
#include "store/flip_keys.hpp"

namespace shunt::flip {

// Room for months of a fleet that is flipped by people; the files keep what is cut off.
inline constexpr std::size_t kMostAuditEntries = 10'000;
inline constexpr std::size_t kMostProcesses = 1'000;

// What Redis tells of its memory in INFO.
struct MemoryFacts {
  double share = 0;  // used of what it may have; 0 where it has no limit
  std::uint64_t evicted = 0;
};
[[nodiscard]] MemoryFacts memory_facts_of(std::string_view info);

// Everything that the flip asks Redis. Every function throws bullmq::Error. Copies share the connections. One
// thread: theirs.
class FlipRecords {
 public:
  // `blocking`: a connection of its own, which wait_for_change() waits on.
  FlipRecords(bullmq::Redis blocking, bullmq::Redis commands, const FlipKeys& keys, std::string process)
      : blocking_(std::move(blocking)),
        commands_(std::move(commands)),
        keys_(keys),
        script_keys_(keys.of_scripts()),
        process_(std::move(process)) {}

  // Tells that this process lives, and reads the record unless it is the known one.
  struct Telling {
    std::string lease;  // lease_text()
    std::chrono::milliseconds duration{0};
    StoredHead known;
    bool may_control = true;
  };
  bullmq::awaitable<Result<FollowAnswer>> follow(Telling telling);
  bullmq::awaitable<void> unfollow(std::optional<std::string> fence);

  // Compares and sets. `fence`: of the controller, if it is its change.
  struct Change {
    StoredHead from;
    // The entry that the new one follows; another one than that of `from` only where Redis has lost it.
    std::uint64_t seq = 0;
    std::string previous;
    std::uint64_t epoch = 0;
    std::string text;
    AuditEntry entry;  // seq, previous and hash are filled in here
    std::optional<std::string> fence;
  };
  bullmq::awaitable<Result<ChangeAnswer>> change(Change change);

  bullmq::awaitable<void> count(std::uint64_t epoch, std::uint64_t number, std::string counts);
  bullmq::awaitable<Result<FleetLook>> look(std::optional<std::uint64_t> epoch);
  // Whether this process still is the controller.
  bullmq::awaitable<bool> report(std::string fence, std::string report);
  bullmq::awaitable<MemoryFacts> memory();

  // Entries of the audit behind `position` ("-" = from the oldest on), at most so many.
  bullmq::awaitable<StreamLines> entries_after(std::string position, std::size_t most);
  // The last ones, oldest first.
  bullmq::awaitable<StreamLines> last_entries(std::size_t most);
  // Waits up to `block` for an entry behind `position`. When the answer is `margin` late, the connection is
  // dead.
  bullmq::awaitable<StreamLines> wait_for_change(std::string position, std::chrono::milliseconds block,
                                                 std::chrono::milliseconds margin);

  [[nodiscard]] bullmq::Redis& commands() noexcept { return commands_; }
  void close() {
    blocking_.close();
    commands_.close();
  }

 private:
  bullmq::Redis blocking_;
  bullmq::Redis commands_;
  FlipKeys keys_;
  std::vector<std::string> script_keys_;
  std::string process_;
};

}  // namespace shunt::flip
