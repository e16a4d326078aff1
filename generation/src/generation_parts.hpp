#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

#include "shunt/generation/generation.hpp"
#include "shunt/generation/namespace.hpp"

// What the files of Generation share; each has one duty of it.
namespace shunt::generation {

// Past OutputLimits::max_events a delta waits until it is this long.
inline constexpr std::size_t kJoinedDeltaBytes = 1024;

// Kept small, since a generation may have one for each token. A delta's text lies in text_ once, for records
// and events alike; beside it an entry may have the payload of a delta that has parts and no text. An entry
// with neither text nor payload is a bare mark: `queued` if it is the first, the end if it is the last of a
// generation that has ended (the record tells the rest), else `started`.
struct Generation::Entry {
  WallTime at;
  std::size_t text_begin = 0;
  std::size_t text_size = 0;
  std::unique_ptr<const GenerationEvent::Payload> payload;
};

class Generation::Watch final : public EventWatch {
 public:
  Watch(std::shared_ptr<Generation> generation, const WatchOptions& options,
        std::shared_ptr<const void> keeper);
  ~Watch() override;

  std::vector<GenerationEvent> read(std::size_t max_bytes) override;
  bool ended() const override;
  bool lost() const override;
  void on_ready(std::function<void()> ready) override;
  void on_end(std::function<void()> over) override;
  std::shared_ptr<const GenerationRecord> record_at_end() const override;
  GenerationRecord record() const override;

 private:
  friend class Generation;
  enum class Awaited { kNextEvent, kEnd };

  void call_when(Awaited awaited, std::function<void()> ready);
  // Forgets its function, if it has one.
  void leave_list_locked();
  [[nodiscard]] bool available_locked() const;
  [[nodiscard]] bool has_come_locked() const;

  const std::shared_ptr<Generation> generation_;
  const std::shared_ptr<const void> keeper_;
  std::uint64_t next_;  // index of the next entry: the sequence number of the last one read
  // Guarded by the generation's mutex. It stands in the generation's list for as long as it has a function.
  std::function<void()> ready_;
  Awaited awaited_ = Awaited::kNextEvent;
  Watch* next_waiting_ = nullptr;
};

// What a payload holds beside its entry.
[[nodiscard]] std::size_t payload_bytes(const GenerationEvent::Payload& payload);

}  // namespace shunt::generation
