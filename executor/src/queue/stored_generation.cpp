#include "queue/stored_generation.hpp"

#include <charconv>
#include <map>
#include <utility>

#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/event_codec.hpp"

namespace shunt::executor {
namespace {

std::optional<std::int64_t> number_of(const bullmq::RedisReply& reply) {
  if (!reply.is_text() && !reply.is_integer()) return std::nullopt;
  return reply.to_int();
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

Result<void> replay(StoredGeneration& stored, const std::map<std::uint64_t, const std::string*>& log) {
  for (const auto& [first, batch] : log) {
    auto events = decode_events(*batch);
    if (!events) return std::move(events).error();
    for (GenerationEvent& event : *events) {
      if (is_elsewhere(event)) {
        stored.withheld = std::move(event);
        return {};
      }
      stored.generation->apply(std::move(event));
    }
  }
  return {};
}

}  // namespace

JobLook decode_job_look(const bullmq::RedisReply& reply) {
  JobLook look;
  const auto& fields = reply.elements;
  if (fields.size() < 5) return look;
  look.exists = true;
  look.finished_on = number_of(fields[0]);
  look.processed_on = number_of(fields[1]);
  look.progress = fields[2].text;
  look.return_value = text_of(fields[3]);
  look.failed_reason = text_of(fields[4]);
  return look;
}

Result<ReadOutcome> decode_stored(const bullmq::RedisReply& reply, const Clock& clock, MemoryBudget& memory) {
  if (reply.is_text()) {
    if (reply.text == "gone") return ReadOutcome(GenerationGone{});
    return ReadOutcome(GenerationUnknown{});
  }
  StoredGeneration stored;
  std::string head;
  std::map<std::uint64_t, const std::string*> log;
  const auto& fields = reply.elements.at(0).elements;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const std::string& name = fields[i].text;
    const bullmq::RedisReply& value = fields[i + 1];
    if (name == "head") head = value.text;
    if (name == "queue") stored.queue = value.text;
    if (name == "seq") stored.sequence = static_cast<std::uint64_t>(value.to_int());
    if (name == "attempt") stored.attempt = static_cast<std::uint64_t>(value.to_int());
    if (name == "worker") stored.worker = value.text;
    if (name == "cancel") stored.cancel_requested = true;
    if (const auto first = batch_number(name)) log[*first] = &value.text;
  }
  auto envelope = decode_envelope(head);
  if (!envelope) return std::move(envelope).error();
  // The limits were the writer's business.
  stored.generation = std::make_shared<Generation>(*envelope, clock, OutputLimits{}, memory);
  if (auto replayed = replay(stored, log); !replayed) return replayed.error();
  if (!stored.generation->fits()) {
    return Error{std::string(error_code::kOverloaded),
                 "this server's memory for generations (a share of memory.limit) is used up", true};
  }
  if (stored.cancel_requested) stored.generation->mark_cancel_requested();
  stored.job = decode_job_look(reply.elements.at(1));
  return ReadOutcome(std::move(stored));
}

}  // namespace shunt::executor
