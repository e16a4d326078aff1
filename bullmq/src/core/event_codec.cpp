#include "core/event_codec.hpp"

#include <utility>

#include "bullmq/error.hpp"
#include "redis/expected_reply.hpp"

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

// "ms-sequence". Another one, handed back as the position to read on from, is refused by Redis for ever.
bool is_stream_id(std::string_view id) {
  constexpr std::size_t kLongestNumber = 20;
  const auto dash = id.find('-');
  if (dash == std::string_view::npos) return false;
  for (const std::string_view number : {id.substr(0, dash), id.substr(dash + 1)}) {
    if (number.empty() || number.size() > kLongestNumber) return false;
    if (number.find_first_not_of("0123456789") != std::string_view::npos) return false;
  }
  return true;
}

bool has_id(const Reply& entry) {
  return !entry.elements.empty() && entry.elements[0].is_text() && is_stream_id(entry.elements[0].text);
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
  constexpr std::string_view kCommand = "XREAD";
  std::vector<QueueEvent> events;
  if (xread.is_nil()) return events;
  std::vector<Reply> streams = expect_array(std::move(xread), kCommand, 1, 1);
  std::vector<Reply> stream = expect_array(std::move(streams[0]), kCommand, 2, 2);
  std::vector<Reply> entries = expect_array(std::move(stream[1]), kCommand);
  events.reserve(entries.size());
  for (Reply& entry : entries) {
    if (has_id(entry)) events.push_back(decode_entry(entry));
  }
  // The position would stay where it is, and the next answer be the same.
  if (events.empty() && !entries.empty())
    throw UnexpectedReplyError("XREAD: Redis answered with entries that have no id");
  return events;
}

std::string last_event_id(Reply xrevrange) {
  std::vector<Reply> entries = expect_array(std::move(xrevrange), "XREVRANGE", 0, 1);
  if (entries.empty()) return "0-0";
  if (!has_id(entries[0]))
    throw UnexpectedReplyError("XREVRANGE: Redis answered with an entry that has no id");
  return std::move(entries[0].elements[0].text);
}

}  // namespace detail
}  // namespace bullmq
