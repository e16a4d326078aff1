#pragma once

#include <string>
#include <vector>

#include "bullmq/queue_events.hpp"
#include "redis/reply.hpp"

namespace bullmq::detail {

// The events in the reply to XREAD of one stream, in order; none where it is nil or the stream has no
// entries, as when it is cut to nothing by the very command that woke the reader. Whatever is no entry (nil
// for one that was deleted, anything without an id) is left out, and so is a field without a value: the
// stream is written by any client, and one bad entry must not stop the reading. Where a field occurs twice,
// the last one counts, as in Node. Throws UnexpectedReplyError for another shape, and when there are entries
// and none of them is one.
[[nodiscard]] std::vector<QueueEvent> decode_events(Reply xread);

// The id of the last entry, from the reply to XREVRANGE ... COUNT 1; "0-0" when the stream is empty. Throws
// UnexpectedReplyError.
[[nodiscard]] std::string last_event_id(Reply xrevrange);

}  // namespace bullmq::detail
