#include "queue/records/script_batcher.hpp"

#include <boost/asio/io_context.hpp>
#include <iterator>
#include <utility>

#include "bullmq/error.hpp"

namespace shunt::executor {
namespace {

// One call takes at most so many: Lua's unpack() takes a few thousand values.
constexpr std::size_t kMaxItems = 200;

struct Target {
  bullmq::Redis redis;
  const bullmq::RedisScript& script;
  ScriptBatcherOptions options;
};

std::vector<std::string> arguments_of(const Target& target, bullmq::Batch<ScriptItem> items) {
  std::vector<std::string> arguments = target.options.common();
  arguments.reserve(arguments.size() + items.size() * items[0].arguments.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::vector<std::string>& own = items[i].arguments;
    std::move(own.begin(), own.end(), std::back_inserter(arguments));
  }
  return arguments;
}

bullmq::awaitable<void> send(std::shared_ptr<Target> target, bullmq::Batch<ScriptItem> items) {
  std::vector<std::string> keys = target->options.keys;
  std::vector<std::string> arguments = arguments_of(*target, items);
  bullmq::CommandOptions options;
  options.idempotent = target->options.idempotent;
  bullmq::RedisReply reply =
      co_await target->redis.run(target->script, std::move(keys), std::move(arguments), options);
  if (reply.elements.size() != items.size()) {
    throw bullmq::RedisError("script " + std::string(target->script.name()) + " answered " +
                             std::to_string(reply.elements.size()) + " items instead of " +
                             std::to_string(items.size()));
  }
  for (std::size_t i = 0; i < items.size(); ++i) items[i].reply = std::move(reply.elements[i]);
}

}  // namespace

ScriptItem::ScriptItem(std::vector<std::string> of, bool is_urgent) : arguments(std::move(of)) {
  urgent = is_urgent;
  for (const std::string& argument : arguments) bytes += argument.size();
}

ScriptBatcher make_script_batcher(EventLoop& loop, bullmq::Redis redis, const bullmq::RedisScript& script,
                                  ScriptBatcherOptions options) {
  bullmq::BatcherOptions batches;
  batches.max_items = kMaxItems;
  batches.calls_at_once = 1;
  batches.linger = options.linger;
  batches.on_call = std::move(options.on_call);
  const auto target = std::make_shared<Target>(Target{std::move(redis), script, std::move(options)});
  return {loop.context().get_executor(),
          [target](bullmq::Batch<ScriptItem> items) { return send(target, items); }, std::move(batches)};
}

}  // namespace shunt::executor
