// What a generator says beside text.
#include <algorithm>
#include <utility>

#include "generation_parts.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {
namespace {

// What is reserved for a delta with parts beside what these hold.
constexpr std::size_t kDeltaBytes = sizeof(GenerationEvent::Payload) + 2 * sizeof(MessageParts) + 64;

// Why elements with these indices cannot follow the first `known`: each is one of them or the next.
template <typename Element>
std::optional<std::string> gap_in(const std::vector<Element>& elements, std::size_t known, std::size_t most,
                                  const std::string& what) {
  for (const Element& element : elements) {
    if (element.index < known) continue;
    if (element.index > known) {
      return "the generator's " + what + " leave a gap: " + std::to_string(known) +
             " had come, and then the " + "index " + std::to_string(element.index);
    }
    if (++known > most) return "the generator made more than " + std::to_string(most) + ' ' + what;
  }
  return std::nullopt;
}

std::optional<std::string> wrong_json(const Json& value, std::string_view pointer) {
  auto checked = check_json(value, pointer);
  if (checked) return std::nullopt;
  return "what the generator said cannot be written as JSON: " + checked.error().message;
}

std::optional<std::string> wrong_json(const MessageParts& piece) {
  for (const JsonArray* list : {&piece.logprobs.content, &piece.logprobs.refusal}) {
    for (const Json& element : *list) {
      if (auto wrong = wrong_json(element, "/logprobs")) return wrong;
    }
  }
  for (const ToolCall& call : piece.tool_calls) {
    if (call.extra.empty()) continue;
    if (auto wrong = wrong_json(Json(call.extra), "/tool_calls/extra")) return wrong;
  }
  return std::nullopt;
}

// Why the piece cannot follow what is there.
std::optional<std::string> misfit(const MessageParts* whole, const MessageParts& piece) {
  const std::size_t calls = whole != nullptr ? whole->tool_calls.size() : 0;
  const std::size_t images = whole != nullptr ? whole->images.size() : 0;
  if (auto gap = gap_in(piece.tool_calls, calls, kMaxToolCalls, "tool calls")) return gap;
  if (auto gap = gap_in(piece.images, images, kMaxImages, "images")) return gap;
  return wrong_json(piece);
}

}  // namespace

bool Generation::delta(std::string_view text, MessageParts parts) {
  if (parts.empty()) return delta(text);
  const std::size_t said = said_bytes(parts);
  std::unique_lock lock(mutex_);
  if (ended_locked()) return false;
  if (auto wrong = misfit(parts_.get(), parts)) return invalid_output(std::move(lock), std::move(*wrong));
  const std::size_t before = text_size_locked();
  if (text.size() > limits_.max_text_bytes - before) {
    return over_limit(std::move(lock), "text bytes", limits_.max_text_bytes, before + text.size());
  }
  if (said > limits_.max_message_bytes - said_bytes_) {
    return over_limit(std::move(lock), "message bytes", limits_.max_message_bytes, said_bytes_ + said);
  }
  // The whole has it, grown by doubling, and an event.
  const std::size_t memory = 3 * parts_memory(parts) + kDeltaBytes;
  if (!reserve_locked(text.size() + sizeof(Entry) + memory)) return overload(std::move(lock));
  append_text_locked(text);
  append_parts_locked(parts);
  wait_for_event_locked(std::move(parts));
  said_bytes_ += said;
  if (entries_.size() >= limits_.max_events && waiting_bytes_locked() < kJoinedDeltaBytes) return true;
  flush_deltas_locked();
  wake(std::move(lock));
  return true;
}

void Generation::append_parts_locked(const MessageParts& piece) {
  if (!parts_) {
    parts_ = std::make_shared<MessageParts>();
    parts_bytes_ = sizeof(MessageParts);
    record_->parts = parts_;
  }
  append_parts(*parts_, piece);
  parts_bytes_ += 2 * parts_memory(piece);
}

void Generation::wait_for_event_locked(MessageParts piece) {
  if (!waiting_parts_) {
    waiting_parts_ = std::make_shared<MessageParts>(std::move(piece));
  } else {
    append_parts(*waiting_parts_, piece);
  }
}

std::size_t Generation::waiting_bytes_locked() const {
  return text_size_locked() - in_events_ + (waiting_parts_ ? said_bytes(*waiting_parts_) : 0);
}

}  // namespace shunt::generation
