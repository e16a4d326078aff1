#include "queue/records/inventory_records.hpp"

#include <utility>

#include "bullmq/error.hpp"
#include "queue/records/generation_scripts.hpp"
#include "queue/records/needed_commands.hpp"
#include "queue/records/script_answers.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;
using bullmq::RedisReply;

std::uint64_t number_at(const RedisReply& reply, std::size_t at, const char* what) {
  const auto number = at < reply.elements.size() ? whole_number(reply.elements[at]) : std::nullopt;
  if (!number) throw bullmq::UnexpectedReplyError(std::string(what) + " answered with something else");
  return *number;
}

// Never destroyed, as the generated scripts.
const bullmq::RedisScript& exists() {
  static const auto& script = *new bullmq::RedisScript("exists", "return redis.call('EXISTS', KEYS[1])", 2);
  return script;
}

// Redis can be asked since 7.0. Asks, and calls nothing.
const bullmq::RedisScript& refused() {
  static const auto& script = *new bullmq::RedisScript("refused_commands", R"(
    if not redis.acl_check_cmd then return false end
    local refused = {}
    for i = 1, #ARGV do
      local words = {}
      for word in string.gmatch(ARGV[i], '%S+') do
        words[#words + 1] = word == 'K' and KEYS[1] or word
      end
      local known, allowed = pcall(redis.acl_check_cmd, unpack(words))
      if known and not allowed then refused[#refused + 1] = words[1] end
    end
    return refused)",
                                                       2);
  return script;
}

}  // namespace

awaitable<RedisReply> InventoryRecords::execute(std::vector<std::string> command) {
  bullmq::CommandOptions again;
  again.idempotent = true;
  RedisReply reply = co_await redis_.execute(std::move(command), again);
  co_return reply;
}

awaitable<RedisReply> InventoryRecords::run(const bullmq::RedisScript& script,
                                            std::vector<std::string> arguments) {
  bullmq::CommandOptions again;
  again.idempotent = true;
  std::vector<std::string> script_keys = keys_.of_scripts();
  RedisReply reply = co_await redis_.run(script, std::move(script_keys), std::move(arguments), again);
  co_return reply;
}

awaitable<void> InventoryRecords::ping() {
  std::vector<std::string> command{"PING"};
  (void)co_await execute(std::move(command));
}

awaitable<std::string> InventoryRecords::info() {
  std::vector<std::string> command{"INFO"};
  RedisReply reply = co_await execute(std::move(command));
  co_return std::move(reply.text);
}

awaitable<WallTime> InventoryRecords::server_time() {
  std::vector<std::string> command{"TIME"};
  const RedisReply reply = co_await execute(std::move(command));
  const std::chrono::seconds seconds(number_at(reply, 0, "TIME"));
  const std::chrono::microseconds rest(number_at(reply, 1, "TIME"));
  co_return WallTime(std::chrono::duration_cast<std::chrono::milliseconds>(seconds + rest));
}

awaitable<void> InventoryRecords::call_script() {
  (void)co_await run(exists(), {});
}

awaitable<std::optional<std::vector<std::string>>> InventoryRecords::refused_commands() {
  std::vector<std::string> needed(kNeededCommands.begin(), kNeededCommands.end());
  const RedisReply reply = co_await run(refused(), std::move(needed));
  std::optional<std::vector<std::string>> refused;
  // More than were asked about is no answer of Redis.
  const bool is_list = reply.is_array() && reply.elements.size() <= kNeededCommands.size();
  if (is_list) refused = texts_of(reply);
  co_return refused;
}

awaitable<InventoryRecords::Kept> InventoryRecords::results(std::string after, std::size_t most) {
  std::vector<std::string> arguments{std::move(after), std::to_string(most)};
  const RedisReply reply = co_await run(scripts::kept_results(), std::move(arguments));
  Kept kept;
  kept.count = number_at(reply, 1, "kept_results");
  kept.longest = std::chrono::milliseconds(number_at(reply, 2, "kept_results"));
  kept.next = reply.elements[0].text;
  co_return kept;
}

awaitable<InventoryRecords::Kept> InventoryRecords::idempotency_keys(std::vector<std::string> callers) {
  const RedisReply reply = co_await run(scripts::kept_keys(), std::move(callers));
  Kept kept;
  kept.count = number_at(reply, 0, "kept_keys");
  kept.longest = std::chrono::milliseconds(number_at(reply, 1, "kept_keys"));
  co_return kept;
}

awaitable<InventoryRecords::Callers> InventoryRecords::callers(std::string position) {
  std::vector<std::string> command{"SSCAN", keys_.callers(), std::move(position), "COUNT", "100"};
  const RedisReply reply = co_await execute(std::move(command));
  if (reply.elements.size() != 2) throw bullmq::UnexpectedReplyError("SSCAN answered with something else");
  Callers some;
  some.next = decode_position(reply.elements[0]);
  some.names = texts_of(reply.elements[1]);
  co_return some;
}

awaitable<std::uint64_t> InventoryRecords::open(std::string queue_key) {
  std::vector<std::string> command{"ZCARD", keys_.base + "o:" + queue_key};
  const RedisReply reply = co_await execute(std::move(command));
  co_return whole_number(reply).value_or(0);
}

}  // namespace shunt::executor
