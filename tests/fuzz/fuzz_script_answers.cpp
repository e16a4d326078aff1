// What Redis answers to the scripts of executor/lua. Checks that each answer is either understood or refused
// in words that can be shown, and that what is understood holds what its type promises.
#include <array>
#include <functional>

#include "bullmq/error.hpp"
#include "queue/records/fleet_answer.hpp"
#include "queue/records/notification_records.hpp"
#include "queue/records/script_answers.hpp"
#include "queue/records/stored_generation.hpp"
#include "queue/records/sync_records.hpp"
#include "redis/reply_reader.hpp"
#include "shunt/base/json.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using namespace shunt::executor;
using bullmq::RedisReply;
using fuzz::check;

template <typename Answer>
void check_answer(const Result<Answer>& answer) {
  if (answer) return;
  check(!answer.error().code.empty() && !answer.error().message.empty(), "a refusal says why");
  check(is_valid_utf8(answer.error().message), "a refusal can be shown");
}

void check_begin(const RedisReply& reply) {
  const auto answer = decode_begin(reply);
  check_answer(answer);
  const auto* const run = answer ? std::get_if<BeginRun>(&*answer) : nullptr;
  check(run == nullptr || (run->attempt > 0 && run->sequence > 0), "attempts and events are numbered from 1");
}

void check_fleet(const RedisReply& reply) {
  const WallTime now{std::chrono::milliseconds(1'764'000'000'000)};
  check_answer(decode_fleet(reply, {"m", "n"}, now));
}

void check_health_probe(const RedisReply& reply) {
  const WallTime now{std::chrono::milliseconds(1'764'000'000'000)};
  check_answer(decode_health_probe(reply, {"m"}, now));
}

void check_entries(const RedisReply& reply) {
  for (const StreamEntry& entry : decode_entries(reply)) {
    for (const auto& [id, message] : entry.messages) check_answer(decode_notification(message));
  }
}

void check_append(const RedisReply& reply) {
  const AppendAnswer answer = decode_append(reply);
  const auto* const appended = std::get_if<Appended>(&answer);
  check(appended == nullptr || !appended->cancel_reason || is_valid_utf8(*appended->cancel_reason),
        "a reason can be shown");
}

constexpr std::array<void (*)(const RedisReply&), 14> kDecoders = {
    [](const RedisReply& reply) { check_answer(decode_admit(reply)); },
    check_begin,
    [](const RedisReply& reply) { check_answer(decode_cancel(reply)); },
    [](const RedisReply& reply) { check_answer(decode_delete(reply)); },
    [](const RedisReply& reply) { check_answer(decode_request(reply)); },
    [](const RedisReply& reply) { check_answer(decode_list(reply)); },
    check_health_probe,
    [](const RedisReply& reply) { check_answer(decode_strays(reply)); },
    [](const RedisReply& reply) { check_answer(decode_release(reply)); },
    [](const RedisReply& reply) { check_answer(decode_job_looks(reply, 1)); },
    check_fleet,
    check_entries,
    check_append,
    [](const RedisReply& reply) { check_answer(decode_register(reply)); },
};

}  // namespace

// The first byte says whose answer the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto decode = kDecoders[data[0] % kDecoders.size()];
  bullmq::detail::ReplyReader reader(65'536);
  // What is no protocol gives nobody a reply.
  fuzz::may_refuse<bullmq::ConnectionError>([&] {
    reader.feed(fuzz::text_of(data, size).substr(1));
    while (const auto reply = reader.next()) decode(*reply);
  });
  return 0;
}
