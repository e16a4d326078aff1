#include "core/event_codec.hpp"

#include <utility>

namespace bullmq {

std::string_view QueueEvent::field(std::string_view field_name) const noexcept {
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    if (field->first == field_name) return field->second;
  }
  return {};
}

namespace detail {
namespace {

// The name of the field that says what happened.
constexpr std::string_view kEventField = "event";

bool has_id(const Reply& entry) {
  return !entry.elements.empty() && entry.elements[0].is_text() && !entry.elements[0].text.empty();
}

QueueEvent decode_entry(Reply& entry) {
  QueueEvent event;
  event.id = std::move(entry.elements[0].text);
  if (entry.elements.size() < 2) return event;
  auto& fields = entry.elements[1].elements;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    if (!fields[i].is_text() || !fields[i + 1].is_text()) continue;
    if (fields[i].text == kEventField) {
      event.name = std::move(fields[i + 1].text);
    } else {
      event.fields.emplace_back(std::move(fields[i].text), std::move(fields[i + 1].text));
    }
  }
  return event;
}

}  // namespace

std::vector<QueueEvent> decode_events(Reply xread) {
  std::vector<QueueEvent> events;
  if (xread.elements.empty() || xread.elements[0].elements.size() < 2) return events;
  auto& entries = xread.elements[0].elements[1].elements;
  events.reserve(entries.size());
  for (Reply& entry : entries) {
    if (has_id(entry)) events.push_back(decode_entry(entry));
  }
  return events;
}

std::string last_event_id(const Reply& xrevrange) {
  const bool has_entry = !xrevrange.elements.empty() && has_id(xrevrange.elements[0]);
  return has_entry ? xrevrange.elements[0].elements[0].text : "0-0";
}

}  // namespace detail
}  // namespace bullmq
