// What the flip reads beside its record: entries of the audit, copies on disk, leases, counts and reports of
// other processes, and Redis' answers to the scripts of flip/lua. Checks that what is read is bounded, comes
// back from its own text, and that a refusal can be shown.
#include <array>

#include "bullmq/error.hpp"
#include "redis/reply_reader.hpp"
#include "shunt/base/json.hpp"
#include "shunt/flip/audit.hpp"
#include "store/fleet_reports.hpp"
#include "store/flip_answers.hpp"
#include "store/flip_records.hpp"
#include "store/state_file.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::flip;
using bullmq::RedisReply;
using fuzz::check;

template <typename Answer>
void check_refusal(const Result<Answer>& answer) {
  if (answer) return;
  check(!answer.error().code.empty() && !answer.error().message.empty(), "a refusal says why");
  check(is_valid_utf8(answer.error().message), "a refusal can be shown");
}

// The hash is right, so that the reader gets past it.
void check_entry(std::string_view text) {
  AuditEntry made;
  made.seq = made.epoch = 1;
  made.why = to_valid_utf8(text);
  check(parse_audit_line(audit_line(made)).ok(), "what was written is read");
  const auto read = parse_audit_line(text);
  check_refusal(read);
  ChainCheck chain;
  chain.add(text);
  chain.add(text);
  check(!chain.report().intact(), "an entry does not follow itself");
}

void check_kept(std::string_view text) {
  const auto kept = parse_kept(text);
  check_refusal(kept);
  if (kept) check(*parse_kept(kept_text(*kept)) == *kept, "what was read can be written and read again");
}

void check_reports(std::string_view text) {
  if (const auto lease = parse_lease(text)) {
    check(!lease->process.empty() && is_valid_utf8(lease->process), "a process has a name");
    check(parse_lease(lease_text(*lease)).has_value(), "a lease can be written again");
  }
  if (const auto counts = parse_counts(text)) {
    check(counts->canary.errors <= counts->canary.jobs, "errors are among the jobs");
    check(parse_counts(counts_text(*counts)).has_value(), "counts can be written again");
  }
  if (const auto tick = parse_tick(text)) {
    check(tick->report.epoch > 0, "a tick is of an epoch");
    check(is_valid_utf8(tick_text(*tick)), "a report can be written again");
  }
  (void)memory_facts_of(text);
}

void check_answers(std::string_view text) {
  bullmq::detail::ReplyReader reader(65'536);
  // What is no protocol gives nobody a reply.
  fuzz::may_refuse<bullmq::ConnectionError>([&] {
    reader.feed(text);
    while (const auto reply = reader.next()) {
      check_refusal(decode_follow(*reply));
      check_refusal(decode_change(*reply));
      check_refusal(decode_look(*reply));
      for (const AuditLine& line : decode_stream(*reply).lines) {
        check(line.line.find('\n') == std::string::npos, "an entry is one line");
      }
    }
  });
}

constexpr std::array<void (*)(std::string_view), 4> kReaders{check_entry, check_kept, check_reports,
                                                             check_answers};

}  // namespace

// The first byte says whose text the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  kReaders[data[0] % kReaders.size()](fuzz::text_of(data, size).substr(1));
  return 0;
}
