#include "store/flip_answers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace shunt::flip {
namespace {

using bullmq::RedisReply;

Error unexpected(std::string_view script) {
  return {"flip_store_unreadable",
          "Redis' answer to the script " + std::string(script) +
              " is none of its answers: something else answers",
          Retryable::kYes};
}

std::optional<std::uint64_t> whole(std::string_view digits) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

bool all_texts(const RedisReply& reply) {
  return std::ranges::all_of(reply.elements, [](const RedisReply& each) { return each.is_text(); });
}

Result<std::optional<FlipRecord>> record_in(const RedisReply& reply, std::string_view what) {
  if (what == "none" || what == "same") return std::optional<FlipRecord>();
  if (what == "too_long") return Error{"invalid_flip_record", "flip record: what lies in Redis is too long"};
  auto record = parse_record(reply.elements[4].text);
  if (!record) return record.error();
  if (std::to_string(record->epoch) != reply.elements[1].text) {
    return Error{"invalid_flip_record", "flip record: Redis has it under another epoch"};
  }
  return std::optional<FlipRecord>(std::move(*record));
}

}  // namespace

Result<FollowAnswer> decode_follow(const RedisReply& reply) {
  if (!reply.is_array() || reply.elements.size() != 8 || !reply.elements[5].is_integer() ||
      !reply.elements[7].is_integer()) {
    return unexpected("follow");
  }
  for (const std::size_t text : {0U, 1U, 2U, 3U, 4U, 6U}) {
    if (!reply.elements[text].is_text()) return unexpected("follow");
  }
  const std::string_view what = reply.elements[0].text;
  constexpr std::array<std::string_view, 4> kWhat{"none", "same", "record", "too_long"};
  if (std::ranges::find(kWhat, what) == kWhat.end()) return unexpected("follow");
  FollowAnswer answer;
  answer.head.epoch = reply.elements[1].text;
  answer.head.seq = whole(reply.elements[2].text).value_or(0);
  answer.head.audit_hash = reply.elements[3].text;
  answer.same = what == "same";
  answer.lease_written = reply.elements[5].integer == 1;
  answer.driven = reply.elements[7].integer == 1;
  if (!reply.elements[6].text.empty()) answer.fence = reply.elements[6].text;
  auto record = record_in(reply, what);
  if (!record) return record.error();
  answer.record = std::move(*record);
  return answer;
}

Result<ChangeAnswer> decode_change(const RedisReply& reply) {
  if (!reply.is_array() || reply.elements.empty() || !all_texts(reply)) return unexpected("change");
  const std::string_view what = reply.elements[0].text;
  if (what == "set") return ChangeAnswer(ChangeSet{});
  if (what == "stale") return ChangeAnswer(ChangeStale{});
  if (what == "fenced") return ChangeAnswer(ChangeFenced{});
  return unexpected("change");
}

Result<FleetLook> decode_look(const RedisReply& reply) {
  if (!reply.is_array() || reply.elements.size() != 3 || !reply.elements[0].is_array() ||
      !reply.elements[1].is_text() || !reply.elements[2].is_array()) {
    return unexpected("look");
  }
  FleetLook look;
  for (const RedisReply& lease : reply.elements[0].elements) {
    if (auto process = parse_lease(lease.text)) look.processes.push_back(std::move(*process));
  }
  std::ranges::sort(look.processes, {}, &ApiProcess::process);
  if (!reply.elements[1].text.empty()) look.tick = parse_tick(reply.elements[1].text);
  const auto& counts = reply.elements[2].elements;
  for (std::size_t at = 0; at + 1 < counts.size(); at += 2) {
    const std::string_view value = counts[at + 1].text;
    const std::size_t space = value.find(' ');
    if (space == std::string_view::npos) continue;
    const auto number = whole(value.substr(0, space));
    auto parsed = parse_counts(value.substr(space + 1));
    if (number && parsed) look.counted.push_back({counts[at].text, *number, std::move(*parsed)});
  }
  return look;
}

StreamLines decode_stream(const RedisReply& entries) {
  StreamLines lines;
  for (const RedisReply& entry : entries.elements) {
    if (entry.elements.size() != 2 || !entry.elements[0].is_text()) continue;
    lines.position = entry.elements[0].text;
    AuditLine line;
    const auto& fields = entry.elements[1].elements;
    for (std::size_t at = 0; at + 1 < fields.size(); at += 2) {
      if (fields[at].text == "seq") line.seq = whole(fields[at + 1].text).value_or(0);
      if (fields[at].text == "line") line.line = fields[at + 1].text;
    }
    // What is not one of ours is looked at by whoever verifies the chain.
    std::ranges::replace_if(line.line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    lines.lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace shunt::flip
