#include "store/outbox.hpp"

#include <utility>

#include "bullmq/error.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/log.hpp"
#include "store/stored_forms.hpp"

namespace shunt::webhooks {
namespace {

using bullmq::awaitable;
using std::chrono::milliseconds;

// The time is Redis' own, so that processes need not agree on theirs.
constexpr const char* kNow =
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n";

// KEYS hooks, looks; ARGV generation, hook, ms until the first look, most. Returns 1, or 0: too many.
const bullmq::RedisScript& keep_script() {
  // Never destroyed, as the generated scripts.
  static const auto& script = *new bullmq::RedisScript(
      "webhook_keep",
      std::string(kNow) +
          "if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end\n"
          "if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then\n"
          "  redis.call('ZADD', KEYS[2], string.format('%.0f', now + tonumber(ARGV[3])), ARGV[1])\n"
          "end\n"
          "return 1",
      2);
  return script;
}

// KEYS hooks, looks; ARGV most, ms until they are due again. Returns generation, hook, generation, hook ...
const bullmq::RedisScript& take_script() {
  static const auto& script = *new bullmq::RedisScript(
      "webhook_take",
      std::string(kNow) +
          "local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now), 'LIMIT', 0, "
          "ARGV[1])\n"
          "local taken = {}\n"
          "for _, id in ipairs(due) do\n"
          "  local hook = redis.call('HGET', KEYS[1], id)\n"
          "  if hook then\n"
          "    redis.call('ZADD', KEYS[2], string.format('%.0f', now + tonumber(ARGV[2])), id)\n"
          "    taken[#taken + 1] = id\n"
          "    taken[#taken + 1] = hook\n"
          "  else\n"
          "    redis.call('ZREM', KEYS[2], id)\n"
          "  end\n"
          "end\n"
          "return taken",
      2);
  return script;
}

// KEYS hooks, looks; ARGV generation.
const bullmq::RedisScript& forget_script() {
  static const auto& script = *new bullmq::RedisScript("webhook_forget",
                                                       "redis.call('ZREM', KEYS[2], ARGV[1])\n"
                                                       "return redis.call('HDEL', KEYS[1], ARGV[1])",
                                                       2);
  return script;
}

}  // namespace

awaitable<void> Outbox::keep(Hook hook, milliseconds first_look) {
  std::vector<std::string> keys{keys_.hooks, keys_.looks};
  std::vector<std::string> arguments{hook.generation.to_string(), encode_hook(hook),
                                     std::to_string(first_look.count()), std::to_string(kMost)};
  const bullmq::RedisReply reply =
      co_await redis_.run(keep_script(), std::move(keys), std::move(arguments), {.idempotent = true});
  if (reply.to_int() != 1) throw bullmq::RedisError("too many webhooks wait for the ends of generations");
}

awaitable<std::vector<Hook>> Outbox::take_due(std::size_t most, milliseconds again_after) {
  std::vector<std::string> keys{keys_.hooks, keys_.looks};
  std::vector<std::string> arguments{std::to_string(most), std::to_string(again_after.count())};
  const bullmq::RedisReply reply = co_await redis_.run(take_script(), std::move(keys), std::move(arguments));
  std::vector<Hook> hooks;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    const std::string& id = reply.elements[i].text;
    const auto generation = GenerationId::parse(id);
    auto hook = generation ? decode_hook(*generation, reply.elements[i + 1].text)
                           : Result<Hook>(Error{"broken_record", "its key is no generation's id"});
    if (hook) {
      hooks.push_back(std::move(*hook));
      continue;
    }
    // Nobody can tell what it was.
    faults_.note(FaultLog::Source::kPlace, "webhook_outbox", FaultLog::Kind::kFault, hook.error().message);
    co_await forget_text(id);
  }
  co_return hooks;
}

awaitable<void> Outbox::forget(GenerationId generation) {
  co_await forget_text(generation.to_string());
}

awaitable<void> Outbox::forget_text(std::string id) {
  std::vector<std::string> keys{keys_.hooks, keys_.looks};
  std::vector<std::string> arguments{std::move(id)};
  (void)co_await redis_.run(forget_script(), std::move(keys), std::move(arguments), {.idempotent = true});
}

std::string ClosedEndpointsInRedis::key_of(const std::string& url) const {
  return prefix_ + sha256_hex(url);
}

awaitable<bool> ClosedEndpointsInRedis::contains(std::string url) {
  std::vector<std::string> command{"EXISTS", key_of(url)};
  const bullmq::RedisReply reply = co_await redis_.execute(std::move(command), {.idempotent = true});
  co_return reply.to_int() == 1;
}

awaitable<void> ClosedEndpointsInRedis::add(std::string url) {
  const auto seconds = std::chrono::seconds(kClosedFor).count();
  std::vector<std::string> command{"SET", key_of(url), "410", "EX", std::to_string(seconds)};
  (void)co_await redis_.execute(std::move(command), {.idempotent = true});
}

awaitable<void> ClosedEndpointsInRedis::remove(std::string url) {
  std::vector<std::string> command{"DEL", key_of(url)};
  (void)co_await redis_.execute(std::move(command), {.idempotent = true});
}

}  // namespace shunt::webhooks
