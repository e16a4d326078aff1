#pragma once

#include <string>
#include <vector>

#include "bullmq/queue_events.hpp"
#include "redis/reply.hpp"

namespace bullmq::detail {

// The events in the reply to XREAD of one stream, in order. Whatever is no entry (nil for one that was
// deleted, anything without an id) is left out, and so is a field without a value: the stream is written by
// any client, and one bad entry must not stop the reading. Where a field occurs twice, the last one counts,
// as in Node.
[[nodiscard]] std::vector<QueueEvent> decode_events(Reply xread);

// The id of the last entry, from the reply to XREVRANGE ... COUNT 1; "0-0" when the stream is empty.
[[nodiscard]] std::string last_event_id(const Reply& xrevrange);

}  // namespace bullmq::detail
