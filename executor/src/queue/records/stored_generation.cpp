#include "queue/records/stored_generation.hpp"

#include <charconv>
#include <map>
#include <utility>

#include "queue/records/script_answers.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/event_codec.hpp"

namespace shunt::executor {
namespace {

// A time in ms. What is none of this era counts as "at some time": 0.
std::optional<std::int64_t> time_of(const bullmq::RedisReply& reply) {
  if (!reply.is_text() && !reply.is_integer()) return std::nullopt;
  const auto ms = whole_number(reply);
  return ms && *ms <= std::uint64_t{kLatestMs} ? static_cast<std::int64_t>(*ms) : 0;
}

std::optional<std::string> text_of(const bullmq::RedisReply& reply) {
  if (!reply.is_text()) return std::nullopt;
  return reply.text;
}

// A batch of the log is in the field "e" and its first event's number.
std::optional<std::uint64_t> batch_number(std::string_view field) {
  if (!field.starts_with('e')) return std::nullopt;
  std::uint64_t first = 0;
  const char* const end = field.data() + field.size();
  const auto parsed = std::from_chars(field.data() + 1, end, first);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return first;
}

bool is_elsewhere(const GenerationEvent& event) {
  const auto* succeeded = std::get_if<event::Succeeded>(&event.payload);
  return succeeded != nullptr && succeeded->stored;
}

// The members of a record's hash, as they are.
struct Fields {
  std::string head;
  std::string queue;
  std::string state;
  std::optional<std::uint64_t> sequence;
  std::optional<std::uint64_t> attempt;
  std::string worker;
  bool cancel_requested = false;
  std::string owner;
  bool has_log = false;
  bool held = false;
  std::string end;
  std::map<std::uint64_t, const std::string*> log;
};

std::optional<Fields> read_fields(const std::vector<bullmq::RedisReply>& flat) {
  if (flat.size() % 2 != 0) return std::nullopt;
  Fields fields;
  for (std::size_t i = 0; i < flat.size(); i += 2) {
    const bullmq::RedisReply& value = flat[i + 1];
    if (!flat[i].is_text() || !value.is_text()) return std::nullopt;
    const std::string& name = flat[i].text;
    if (name == "head") fields.head = value.text;
    if (name == "queue") fields.queue = value.text;
    if (name == "state") fields.state = value.text;
    if (name == "seq") fields.sequence = whole_number(value);
    if (name == "attempt") fields.attempt = whole_number(value);
    if (name == "worker") fields.worker = value.text;
    if (name == "cancel") fields.cancel_requested = true;
    if (name == "owner") fields.owner = value.text;
    if (name == "log") fields.has_log = true;
    if (name == "held") fields.held = true;
    if (name == "end") fields.end = value.text;
    if (const auto first = batch_number(name)) fields.log[*first] = &value.text;
  }
  return fields;
}

// Feeds a log into a generation, and looks that it is one log: each event follows the one before.
class LogReplay {
 public:
  LogReplay(StoredGeneration& stored, Replay how) : stored_(stored), how_(how) {}

  Result<void> add(std::uint64_t first, const std::string& batch) {
    // Nothing but text, left out: the next batch tells how many events that were.
    if (how_ == Replay::kSummary && batch.empty()) {
      skipped_ = true;
      return {};
    }
    auto events = decode_events(batch);
    if (!events) return std::move(events).error();
    if (skipped_ && first > last_) last_ = first - 1;
    skipped_ = false;
    if (!events->empty() && events->front().sequence != first) return hole(events->front().sequence);
    for (GenerationEvent& event : *events) {
      if (event.sequence != last_ + 1 || stored_.withheld) return hole(event.sequence);
      last_ = event.sequence;
      if (how_ == Replay::kSummary) event.sequence = stored_.generation->last_sequence() + 1;
      if (is_elsewhere(event)) {
        stored_.withheld = std::move(event);
      } else if (!stored_.generation->apply(std::move(event))) {
        return hole(last_);
      }
    }
    return {};
  }

  // Whether the log ends where the record says.
  [[nodiscard]] bool ends_at(std::uint64_t sequence) const {
    return skipped_ ? sequence > last_ : sequence == last_;
  }

 private:
  [[nodiscard]] Error hole(std::uint64_t sequence) const {
    return {"invalid_events", "its log is not one: event " + std::to_string(sequence) + " follows event " +
                                  std::to_string(last_)};
  }

  StoredGeneration& stored_;
  const Replay how_;
  std::uint64_t last_ = 1;  // `queued` is never written
  bool skipped_ = false;
};

std::size_t size_of(const bullmq::RedisReply& reply) {
  std::size_t bytes = reply.text.size();
  for (const bullmq::RedisReply& element : reply.elements) bytes += size_of(element);
  return bytes;
}

StoredGeneration::Log where_log_is(const Fields& fields) {
  if (fields.owner.empty() || fields.has_log) return StoredGeneration::Log::kHere;
  return fields.held ? StoredGeneration::Log::kHeld : StoredGeneration::Log::kOpen;
}

// What a record tells of a generation whose log is with its owner: that it runs, or how it ended.
Result<void> add_what_owner_told(StoredGeneration& stored, const Fields& fields) {
  if (stored.log == StoredGeneration::Log::kOpen) {
    stored.generation->apply({2, stored.generation->id().created_at(), event::Started{}});
    return {};
  }
  auto events = decode_events(fields.end);
  if (!events) return std::move(events).error();
  if (events->size() != 1 || !events->front().terminal() || is_elsewhere(events->front()))
    return Error{"invalid_events", "what its owner told of its end is no end"};
  GenerationEvent end = std::move(events->front());
  end.sequence = stored.generation->last_sequence() + 1;
  if (!stored.generation->apply(std::move(end)))
    return Error{"invalid_events", "it had ended before its end"};
  return {};
}

bool ends_as(const StoredGeneration& stored, GenerationState state) {
  const GenerationState told = stored.withheld ? GenerationState::kSucceeded : stored.generation->state();
  return is_terminal(state) || is_terminal(told) ? state == told : true;
}

// What is wrong with the record, in words.
Result<StoredGeneration> make_stored(const Fields& fields, std::string_view id, const GenerationKeys& keys,
                                     const Clock& clock, Replay how, MemoryBudget& memory) {
  const auto wrong = [](std::string why) { return Error{"invalid_record", std::move(why)}; };
  auto envelope = decode_envelope(fields.head);
  if (!envelope) return std::move(envelope).error();
  if (envelope->id.to_string() != id) return wrong("its envelope is another generation's");
  if (fields.queue != keys.queue(envelope->request.model)) return wrong("its queue is not its model's");
  const auto state = parse_generation_state(fields.state);
  if (!state || !fields.sequence || !fields.attempt || *fields.sequence == 0)
    return wrong("its state, seq or attempt is missing or no such value");
  StoredGeneration stored;
  stored.queue = fields.queue;
  stored.sequence = *fields.sequence;
  stored.attempt = *fields.attempt;
  stored.worker = fields.worker;
  stored.cancel_requested = fields.cancel_requested;
  stored.owner = fields.owner;
  stored.log = where_log_is(fields);
  // The limits were the writer's business.
  stored.generation = std::make_shared<Generation>(*envelope, clock, OutputLimits{}, memory);
  LogReplay log(stored, how);
  for (const auto& [first, batch] : fields.log) {
    if (auto added = log.add(first, *batch); !added) return std::move(added).error();
  }
  if (!stored.generation->fits()) {
    return Error{error_code::kOverloaded,
                 "this server's memory for generations (a share of memory.limit) is used up",
                 Retryable::kYes};
  }
  if (!log.ends_at(stored.sequence)) return wrong("its log does not end where its seq says");
  if (stored.log != StoredGeneration::Log::kHere) {
    if (auto added = add_what_owner_told(stored, fields); !added) return std::move(added).error();
  }
  if (!ends_as(stored, *state)) return wrong("its log does not end as its state says");
  if (stored.cancel_requested) stored.generation->mark_cancel_requested();
  return stored;
}

}  // namespace

JobLook decode_job_look(const bullmq::RedisReply& reply) {
  JobLook look;
  const auto& fields = reply.elements;
  if (fields.size() < 5) return look;
  look.exists = true;
  look.finished_on = time_of(fields[0]);
  look.processed_on = time_of(fields[1]);
  if (fields[2].is_text()) look.progress = fields[2].text;
  look.return_value = text_of(fields[3]);
  look.failed_reason = text_of(fields[4]);
  return look;
}

Result<ReadOutcome> decode_stored(const bullmq::RedisReply& reply, std::string_view id,
                                  const GenerationKeys& keys, const Clock& clock, Replay how,
                                  MemoryBudget& memory) {
  constexpr std::string_view kBrokenAs = "broken: ";
  const std::string what = "the record of generation \"" + to_valid_utf8(id) + '"';
  if (reply.is_text() && reply.text == "gone") return ReadOutcome(GenerationGone{});
  if (reply.is_text() && reply.text == "unknown") return ReadOutcome(GenerationUnknown{});
  if (reply.is_text() && reply.text.starts_with(kBrokenAs))
    return broken_record(what, std::string_view(reply.text).substr(kBrokenAs.size()));
  if (!reply.is_array() || reply.elements.size() != 2 || !reply.elements[0].is_array() ||
      !reply.elements[1].is_array()) {
    return unexpected_answer("read", reply);
  }
  const auto fields = read_fields(reply.elements[0].elements);
  if (!fields) return unexpected_answer("read", reply);
  auto stored = make_stored(*fields, id, keys, clock, how, memory);
  if (!stored && stored.error().code == error_code::kOverloaded) return std::move(stored).error();
  if (!stored) return broken_record(what, stored.error().message);
  stored->job = decode_job_look(reply.elements[1]);
  return ReadOutcome(std::move(*stored));
}

Result<ReadOutcome> decode_read(const bullmq::RedisReply& reply, std::string_view id,
                                const GenerationKeys& keys, const Clock& clock, MemoryBudget& memory) {
  if (reply.elements.size() != 1) return unexpected_answer("read", reply);
  return decode_stored(reply.elements[0], id, keys, clock, Replay::kWhole, memory);
}

Result<Summaries> decode_summaries(const bullmq::RedisReply& reply, const std::vector<std::string>& ids,
                                   const GenerationKeys& keys, const Clock& clock, MemoryBudget& memory) {
  if (reply.elements.size() != ids.size() || ids.empty()) return unexpected_answer("summary", reply);
  Summaries summaries;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bullmq::RedisReply& element = reply.elements[i];
    if (element.is_text() && element.text == "later") break;
    summaries.found.push_back(
        {ids[i], decode_stored(element, ids[i], keys, clock, Replay::kSummary, memory)});
  }
  // Who asks again for what is left would ask for ever.
  if (summaries.found.empty()) return unexpected_answer("summary", reply);
  summaries.bytes = size_of(reply);
  return summaries;
}

Result<JobLookAnswer> decode_looked_at(const bullmq::RedisReply& reply) {
  const auto& found = reply.elements;
  if (found.size() == 1 && found[0].is_text() && found[0].text == "large")
    return JobLookAnswer(JobTooLarge{});
  if (found.size() == 1 && found[0].is_text() && found[0].text == "broken")
    return broken_record("the generation's record", "it has another type or other members than Shunt writes");
  if (found.size() != 5 || !found[0].is_text() || !found[4].is_text())
    return unexpected_answer("look_at_jobs", reply);
  if (found[0].text.empty()) return JobLookAnswer(RecordExpired{});
  const auto state = parse_generation_state(found[0].text);
  const auto sequence = whole_number(found[1]);
  const auto attempt = whole_number(found[3]);
  if (!state || !sequence || !attempt)
    return broken_record("the generation's record", "its state is \"" + found[0].text + '"');
  return JobLookAnswer(LookedAt{*state, *sequence, *attempt, found[4].text, decode_job_look(found[2])});
}

Result<std::vector<Result<JobLookAnswer>>> decode_job_looks(const bullmq::RedisReply& reply,
                                                            std::size_t asked) {
  if (reply.elements.size() != asked) return unexpected_answer("look_at_jobs", reply);
  std::vector<Result<JobLookAnswer>> answers;
  answers.reserve(asked);
  for (const bullmq::RedisReply& element : reply.elements) answers.push_back(decode_looked_at(element));
  return answers;
}

}  // namespace shunt::executor
