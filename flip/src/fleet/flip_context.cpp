#include "fleet/flip_context.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "shunt/base/random.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::flip {
namespace {

constexpr std::size_t kSaltBytes = 8;  // in hexadecimal digits half of what a record may have

bullmq::Redis connect(EventLoop& loop, const executor::QueueOptions& queue, const FlipKeys& keys,
                      std::string name) {
  bullmq::ConnectionOptions options = executor::connection_options(queue);
  options.command_timeout = queue.command_timeout;
  options.connect_timeout = std::max(queue.command_timeout, std::chrono::milliseconds(1'000));
  options.reconnect_max = std::chrono::milliseconds(1'000);
  // Without a server it is known at once that the record cannot be read.
  options.offline_queue = false;
  options.client_name = std::move(name);
  // The largest answers are a page of the audit, and the counts of a thousand processes.
  options.max_reply_bytes = 64UL * 1024 * 1024;
  return bullmq::Redis(bullmq::open_connection(loop.context().get_executor(), std::move(options)), keys.base);
}

}  // namespace

FlipContext::FlipContext(FlipControlOptions opts, EventLoop& own_loop)
    : options(std::move(opts)),
      build(options.build),
      clock(*options.clock),
      loop(own_loop),
      faults(options.faults != nullptr ? *options.faults : own_faults_),
      process(options.process.empty() ? "api-" + random_name() : options.process),
      gate(std::make_shared<LoopGate>(own_loop)),
      records(connect(loop, options.queue, FlipKeys(options.queue.prefix), "shunt:flip-changes"),
              connect(loop, options.queue, FlipKeys(options.queue.prefix), "shunt:flip"),
              FlipKeys(options.queue.prefix), process) {}

void FlipContext::launch(bullmq::awaitable<void> work) {
  boost::asio::co_spawn(loop.context(), std::move(work), [this](const std::exception_ptr& failure) {
    executor::note_ended_with(faults, "flip", failure);
  });
}

std::string new_salt() {
  return random_name(kSaltBytes);
}

}  // namespace shunt::flip
