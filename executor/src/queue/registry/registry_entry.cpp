#include "queue/registry/registry_entry.hpp"

#include <utility>

#include "queue/runtime/generation_deadline.hpp"
#include "shunt/generation/event_codec.hpp"

namespace shunt::executor {
namespace {

// A log that is longer stays with its owner, who is asked for it: most are never read by another process.
constexpr std::size_t kInlineLogBytes = 2'048;

std::string head_of(const GenerationRecord& record) {
  Envelope envelope;
  envelope.id = record.id;
  envelope.created_at = record.created_at;
  envelope.deadline = record.deadline;
  envelope.admission = record.admission;
  envelope.request.model = record.model;
  envelope.request.caller = record.caller;
  envelope.request.options.metadata = record.metadata;
  return encode_head(envelope);
}

void describe(RegistryEntry& entry) {
  const Generation& generation = *entry.generation;
  // One that has ended is read without a copy.
  auto record = generation.record_at_end();
  if (!record)
    record = std::make_shared<const GenerationRecord>(generation.record(Generation::Detail::kSummary));
  entry.model = record->model;
  entry.caller = record->caller;
  entry.created_at = record->created_at;
  if (record->deadline) entry.timeout = *record->deadline - record->created_at;
  entry.head = head_of(*record);
}

// The whole log, where it is short and holds nothing that belongs into the artifact store; else "".
std::string short_log(Generation& generation) {
  const auto watch = generation.watch({.after_sequence = 1});
  const std::vector<GenerationEvent> events = watch->read(kInlineLogBytes);
  if (events.empty() || !events.back().terminal()) return {};
  for (const GenerationEvent& event : events) {
    if (std::holds_alternative<event::ArtifactReady>(event.payload)) return {};
  }
  std::string text = encode_events(events);
  return text.size() <= kInlineLogBytes ? text : std::string();
}

// How it ended, without what that may be long by.
std::string last_event(const Generation& generation) {
  const GenerationRecord record = generation.record(Generation::Detail::kSummary);
  GenerationEvent end{generation.last_sequence(), record.finished_at.value_or(record.created_at),
                      event::Succeeded{}};
  if (record.error) end.payload = event::Failed{*record.error};
  if (record.state == GenerationState::kCancelled) end.payload = event::Cancelled{record.cancel_reason};
  const std::vector<GenerationEvent> one{std::move(end)};
  return encode_events(one);
}

Registration::End end_of(Generation& generation) {
  Registration::End end;
  end.state = to_string(generation.state());
  end.sequence = generation.last_sequence();
  end.events = short_log(generation);
  if (end.events.empty()) end.last = last_event(generation);
  return end;
}

bool is_own_end(const RegistryEntry& entry, const RegisteredEnded& answer) {
  if (!entry.ended || !entry.generation) return false;
  // An end that its log could not bring into the record is told there as a failure.
  const bool log_failed = entry.log && entry.log->state() == OwnerLog::State::kFailed;
  return log_failed || answer.state == to_string(entry.generation->state());
}

}  // namespace

RegistryStep next_step(const RegistryEntry& entry) {
  if (entry.told || entry.withdrawn) return RegistryStep::kNone;
  if (!entry.entered) return RegistryStep::kEnter;
  const bool log_goes_on = entry.log && entry.log->state() == OwnerLog::State::kOpen;
  return entry.ended && !log_goes_on ? RegistryStep::kTellEnd : RegistryStep::kNone;
}

RegistryFinding apply_answer(RegistryEntry& entry, bool told_end, const Result<RegisterAnswer>& answer) {
  if (!answer) {
    // Telling it again would not help.
    entry.entered = true;
    entry.told = entry.ended;
    return RegistryFinding::kBroken;
  }
  if (const auto* registered = std::get_if<Registered>(&*answer)) {
    entry.entered = true;
    entry.told = entry.told || told_end;
    if (entry.claim) entry.claim->must_be_won = false;
    return registered->double_of ? RegistryFinding::kDouble : RegistryFinding::kNothing;
  }
  if (const auto* ended = std::get_if<RegisteredEnded>(&*answer)) {
    entry.entered = true;
    entry.told = true;
    return is_own_end(entry, *ended) ? RegistryFinding::kNothing : RegistryFinding::kOvertaken;
  }
  entry.entered = false;
  if (std::holds_alternative<RegistrationUnknown>(*answer)) return RegistryFinding::kNothing;
  // One that runs already is entered without it the next time.
  if (entry.claim && entry.generation) entry.claim->must_be_won = false;
  return RegistryFinding::kRefused;
}

Registration make_registration(RegistryEntry& entry, RegistryStep step, std::chrono::milliseconds retention) {
  if (entry.model.empty() && entry.generation) describe(entry);
  Registration registration;
  registration.id = entry.id.to_string();
  registration.model = entry.model;
  registration.caller = entry.caller;
  registration.created_at = entry.created_at;
  registration.ttl = entry.ended ? retention : entry.timeout + retention;
  if (step == RegistryStep::kEnter) {
    registration.head = entry.head;
    registration.request = entry.request;
    registration.claim = entry.claim;
  }
  if (entry.ended && entry.generation) registration.end = end_of(*entry.generation);
  return registration;
}

}  // namespace shunt::executor
