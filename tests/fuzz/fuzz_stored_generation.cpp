// A generation's record as Redis tells it, and a job of which nobody reports. Checks that whatever is
// stored is either read or refused in words, and never leaves as an exception.
#include "bullmq/error.hpp"
#include "queue/records/generation_keys.hpp"
#include "queue/records/stored_generation.hpp"
#include "queue/replicas/unreported_job.hpp"
#include "redis/reply_reader.hpp"
#include "shunt/base/json.hpp"
#include "support/fuzzing.hpp"
#include "support/redis_replies.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using namespace bullmq::detail::replies;
using bullmq::RedisReply;
using fuzz::check;

constexpr std::string_view kId = "gen_0190163d8694739b84bc8a1f3a8ba4a1";

void check_stored(const RedisReply& reply) {
  static const executor::GenerationKeys kKeys{"{shunt}"};
  const auto outcome = executor::decode_stored(reply, kId, kKeys, system_clock());
  if (!outcome) {
    check(!outcome.error().code.empty() && !outcome.error().message.empty(), "a refusal says why");
    check(is_valid_utf8(outcome.error().message), "a refusal can be shown");
    return;
  }
  const auto* stored = std::get_if<executor::StoredGeneration>(&*outcome);
  if (stored == nullptr) return;
  check(stored->generation != nullptr, "what is read is there");
  std::string json;
  append_record_json(json, stored->generation->record());
  check(parse_json(json, {.max_depth = 128}).ok(), "its record can be shown");
}

// Names and values, a line each, of the record's hash.
void check_fields(std::string_view text) {
  check_stored(array({array(texts(fuzz::lines_of(text))), array({})}));
}

void check_unreported(std::string_view text) {
  const std::vector<std::string> lines = fuzz::lines_of(text);
  std::vector<RedisReply> fields;
  for (const std::string& line : lines)
    fields.push_back(line == "-" ? nil() : bullmq::detail::replies::text(line));
  executor::UnreportedGeneration unreported;
  unreported.job = executor::decode_job_look(array(std::move(fields)));
  const WallTime now{std::chrono::milliseconds(1'764'000'000'000)};
  std::uint64_t last = unreported.sequence;
  for (const GenerationEvent& event : executor::events_of_unreported_job(unreported, now)) {
    check(event.sequence == ++last, "numbered without a hole");
    std::string json;
    append_event_json(json, event);
    check(parse_json(json, {.max_depth = 128}).ok(), "what is told of a job can be shown");
  }
}

void check_reply(std::string_view bytes) {
  bullmq::detail::ReplyReader reader(65'536);
  // What is no protocol gives nobody a reply.
  fuzz::may_refuse<bullmq::ConnectionError>([&] {
    reader.feed(bytes);
    while (const auto reply = reader.next()) check_stored(*reply);
  });
}

}  // namespace

// The first byte says what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data, size).substr(1);
  if (data[0] == 'f') check_fields(text);
  if (data[0] == 'j') check_unreported(text);
  if (data[0] == 'r') check_reply(text);
  return 0;
}
