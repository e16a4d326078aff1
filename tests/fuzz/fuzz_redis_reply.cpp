// Any bytes in any pieces from Redis, up to those who make something of a reply. Checks that the pieces make
// no difference, that a reply written down again is read as the same reply, and that only the library's
// errors come out.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/error.hpp"
#include "core/event_codec.hpp"
#include "core/job_codec.hpp"
#include "core/script_answers.hpp"
#include "redis/command.hpp"
#include "redis/endpoint.hpp"
#include "redis/expected_reply.hpp"
#include "redis/handshake.hpp"
#include "redis/reply_reader.hpp"
#include "support/fuzzing.hpp"
#include "support/resp.hpp"

namespace {

using namespace bullmq;
using namespace bullmq::detail;
using shunt::fuzz::append_resp;
using shunt::fuzz::may_refuse;

constexpr std::size_t kMaxReplyBytes = 65'536;

struct Read {
  std::vector<Reply> replies;
  bool failed = false;
};

Read read(std::string_view bytes, std::size_t piece) {
  Read result;
  ReplyReader reader(kMaxReplyBytes);
  try {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.feed(bytes.substr(at, piece));
      while (auto reply = reader.next()) result.replies.push_back(std::move(*reply));
    }
  } catch (const ConnectionError&) {
    result.failed = true;
  }
  return result;
}

std::string written(const std::vector<Reply>& replies) {
  std::string out;
  for (const Reply& reply : replies) append_resp(out, reply);
  return out;
}

void judge(const std::vector<Reply>& replies) {
  ConnectionOptions options;
  options.password = "secret";
  options.database = 1;
  options.client_name = "name";
  const Handshake handshake = make_handshake(options);
  std::vector<Reply> answers = replies;
  answers.resize(handshake.steps.size());
  may_refuse<Error>([&] { (void)judge_handshake(handshake, answers, options); });
}

// What scripts answer.
void consume_answer(const Reply& reply) {
  const auto check_job = [](const NextJob& next) {
    if (next.has_job == next.record.id.empty() || next.rate_limit_ms < 0) std::abort();
  };
  may_refuse<Error>([&] { check_job(decode_next_job(reply)); });
  may_refuse<Error>([&] { check_job(read_taken(reply)); });
  may_refuse<Error>([&] {
    if (read_added(reply, 3).size() != 3) std::abort();
  });
  may_refuse<Error>([&] {
    const auto shared = share_out({{1, 0}, {0, 2}, {2, 0}, {0, 1}}, reply);
    if (shared.size() != 4 || shared[0].size() != 1 || shared[1].empty() || shared[3].size() != 1)
      std::abort();
  });
  may_refuse<Error>([&] { (void)expect_integer(reply, "a command"); });
  may_refuse<Error>([&] { (void)expect_numbers(reply, "a command", 2); });
  may_refuse<Error>([&] { (void)expect_pairs(reply, "a command"); });
  may_refuse<Error>([&] { (void)expect_texts(reply, "a command"); });
}

void consume(const Reply& reply) {
  consume_answer(reply);
  (void)decode_job("1", reply.elements);
  constexpr std::uint16_t kSlots[] = {0, 5'061, 16'383};
  for (const std::uint16_t slot : kSlots) {
    const auto owner = slot_owner(reply, slot, "asked");
    if (owner && (owner->host.empty() || owner->port == 0)) std::abort();
  }
  const auto redirect = parse_redirect(reply.text, "asked");
  if (redirect && (redirect->address.host.empty() || redirect->address.port == 0)) std::abort();
  (void)parse_version(reply.text);
  may_refuse<Error>([&] {
    if (last_event_id(reply).empty()) std::abort();
  });
  may_refuse<Error>([&] {
    for (const QueueEvent& event : decode_events(reply)) {
      if (event.id.empty()) std::abort();
    }
  });
}

}  // namespace

// The first byte says how large the pieces are; the rest is what Redis sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Read whole = read(bytes, bytes.size());
  const Read pieces = read(bytes, data[0] + std::size_t{1});
  const std::string text = written(whole.replies);
  if (pieces.failed != whole.failed || written(pieces.replies) != text) std::abort();
  const Read again = read(text, text.empty() ? 1 : text.size());
  if (again.failed || written(again.replies) != text) std::abort();
  for (const Reply& reply : whole.replies) consume(reply);
  judge(whole.replies);
  return 0;
}
