#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/generation/event_watch.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Bounds of one generation's memory. Breaking one fails the generation with `output_too_large`, whose details
// name the limit; logs and progress are thinned instead. What all of them hold is bounded by a MemoryBudget:
// a generation that outgrows it fails with `overloaded`.
struct OutputLimits {
  std::size_t max_text_bytes = 8 * 1024 * 1024;
  std::size_t max_message_bytes = 8 * 1024 * 1024;     // what deltas say beside text (said_bytes)
  std::size_t max_artifact_bytes = 256 * 1024 * 1024;  // all artifacts together
  std::size_t max_artifacts = 64;
  std::size_t max_result_bytes = 8 * 1024 * 1024;  // the JSON result as text
  // From here on deltas are joined into pieces of at least 1 KiB, and progress and logs are dropped.
  std::size_t max_events = 100'000;
  std::size_t max_log_events = 1'000;
};

// One generation in this process: its state and its whole event stream, from which any number of watches
// read. Every function may be called from any thread. A terminal state never changes: what comes after it is
// refused (false), and that is how late finishes are stopped.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  // Starts in kQueued with the `queued` event written. Copies what a record tells of the envelope; the input
  // is not kept. `clock` outlives the object.
  // What it holds is reserved from `memory`, which outlives it too.
  Generation(const Envelope& envelope, const Clock& clock, const OutputLimits& limits,
             MemoryBudget& memory = MemoryBudget::unlimited());
  ~Generation();

  [[nodiscard]] const GenerationId& id() const noexcept { return id_; }
  [[nodiscard]] const std::string& model() const noexcept { return model_; }
  [[nodiscard]] const std::string& caller() const noexcept { return caller_; }

  // kQueued -> kRunning.
  bool start();
  // Valid UTF-8 is the caller's duty (Generator's sink sees to it). Empty text is no event.
  bool delta(std::string_view text);
  // The same with what is said beside it. What cannot be put together fails the generation with
  // `invalid_output`: an index that leaves a gap, JSON that check_json refuses.
  bool delta(std::string_view text, MessageParts parts);
  // Clamped to 0..1; NaN is refused.
  bool progress(double fraction, std::string_view message);
  bool log(std::string_view level, std::string_view message);
  // An artifact whose name is invalid or taken fails the generation with `invalid_output`.
  bool artifact(Artifact artifact);

  bool succeed(Json result);
  bool fail(Error error);
  bool cancel(std::string_view reason);

  // Keeps the text of the envelope that it came from (where no queue keeps it), so that the same can be asked
  // for again. Before anybody else has the generation; counts as its bytes.
  void keep_envelope(std::string text);
  // "" when it was not kept, or has been discarded.
  [[nodiscard]] std::string envelope_text() const;

  [[nodiscard]] MemoryBudget& memory() const noexcept { return budget_; }
  // False: the share of open generations has no room for what it holds so far. Before anybody else has it.
  [[nodiscard]] bool fits();
  // It has ended: what it holds counts for the store from now on. Returns how much that is.
  std::size_t keep_as_ended();
  // It has left the store: gives back what it holds, whoever still reads it (EventWatch::lost). Afterwards
  // its record is a summary.
  void discard();
  [[nodiscard]] bool discarded() const;

  // Remembers that somebody asked; the record shows it until the generation ends.
  void mark_cancel_requested();

  // Writes an event of the same generation in another process as it was there. False, and nothing happens,
  // unless it is the next one. The limits are that process's business.
  bool apply(GenerationEvent event);

  [[nodiscard]] GenerationState state() const;
  // The number of the last event.
  [[nodiscard]] std::uint64_t last_sequence() const;
  // The error's code once it has failed, else "".
  [[nodiscard]] std::string error_code() const;
  enum class Detail { kFull, kSummary };  // kSummary: without text and result
  [[nodiscard]] GenerationRecord record(Detail detail = Detail::kFull) const;
  // As it ended, without a copy; nullptr while it goes on, and once it has been discarded.
  [[nodiscard]] std::shared_ptr<const GenerationRecord> record_at_end() const;
  // `keeper` lives for as long as the watch does.
  [[nodiscard]] std::unique_ptr<EventWatch> watch(const WatchOptions& options,
                                                  std::shared_ptr<const void> keeper = nullptr);
  // Roughly what this object holds in memory, for the store's byte bound.
  [[nodiscard]] std::size_t approximate_bytes() const;

 private:
  class Watch;
  struct Entry;

  void append_locked(GenerationEvent::Payload payload);
  void apply_locked(GenerationEvent event);
  void enter_delta_locked(WallTime at, event::Delta delta);
  void end_locked(GenerationEvent::Payload payload);
  void enter_end_locked(WallTime at, GenerationEvent::Payload payload);
  void append_text_locked(std::string_view piece);
  // Delta events for the text and the parts that have none yet.
  void flush_deltas_locked();
  // To the whole.
  void append_parts_locked(const MessageParts& piece);
  void wait_for_event_locked(MessageParts piece);
  [[nodiscard]] std::size_t waiting_bytes_locked() const;
  bool invalid_output(std::unique_lock<std::mutex> lock, std::string message);
  bool over_limit(std::unique_lock<std::mutex> lock, std::string_view what, std::size_t limit,
                  std::size_t received);
  bool end(GenerationEvent::Payload payload);
  [[nodiscard]] GenerationEvent event_at_locked(std::size_t index) const;
  // Reserves room for so much more. Once it has none, the generation fails (overload).
  [[nodiscard]] bool reserve_locked(std::size_t more);
  bool overload(std::unique_lock<std::mutex> lock);
  [[nodiscard]] std::size_t bytes_locked() const;
  [[nodiscard]] std::size_t text_size_locked() const { return voided_text_.size() + record_->text.size(); }
  [[nodiscard]] bool ended_locked() const { return is_terminal(record_->state); }
  // Unlocks, then calls the functions of the watches that wait for an event.
  void wake(std::unique_lock<std::mutex> lock);

  const GenerationId id_;
  const std::string model_;
  const std::string caller_;
  const Clock& clock_;
  const OutputLimits limits_;
  std::string envelope_text_;

  mutable std::mutex mutex_;
  // The state and all of the output. Others may hold it once the state is terminal, from when on it does not
  // change any more: discard() puts another one in its place.
  std::shared_ptr<GenerationRecord> record_;
  std::vector<Entry> entries_;           // entry i has the sequence number i + 1
  std::string voided_text_;              // what `restarted` has voided, for the events before it
  std::size_t in_events_ = 0;            // the text up to here, the voided one included, has its delta event
  std::shared_ptr<MessageParts> parts_;  // the record's, while it grows; nullptr: nothing yet
  std::shared_ptr<MessageParts> waiting_parts_;  // those that have no delta event yet; nullptr: none
  std::size_t said_bytes_ = 0;                   // of all parts
  std::size_t parts_bytes_ = 0;                  // what parts_ holds, at most
  std::size_t log_events_ = 0;
  std::size_t artifact_bytes_ = 0;
  std::size_t extra_bytes_ = 0;  // messages, errors, the result
  std::size_t metadata_bytes_ = 0;
  MemoryBudget& budget_;
  MemoryReservation memory_;
  std::uint64_t discarded_at_ = 0;  // its last sequence number when it was discarded; 0: it was not
  Watch* waiting_ = nullptr;        // the first of a list of those that have a function to call
};

}  // namespace shunt::generation
