// Data of a type without a conversion to JSON.
// expected: bullmq: this type has no conversion to JSON
#include <bullmq/queue.hpp>

struct Stranger {};

bullmq::awaitable<void> work(bullmq::Queue& queue) {
  co_await queue.add("name", Stranger());
}
