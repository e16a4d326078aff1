#include "store/flip_records.hpp"

#include <algorithm>
#include <charconv>

#include "store/flip_scripts.hpp"

namespace shunt::flip {
namespace {

using bullmq::RedisReply;

// An epoch's counts and the controller's report are of use for as long as a step may take.
constexpr std::chrono::milliseconds kKeepCounts = std::chrono::hours(24 * 60);

bullmq::CommandOptions harmless_twice() {
  bullmq::CommandOptions options;
  options.idempotent = true;
  return options;
}

std::string text_of(std::chrono::milliseconds time) {
  return std::to_string(time.count());
}

double number_of(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const std::size_t end = std::min(info.find('\n'), info.size());
    const std::string_view line = info.substr(0, end);
    info.remove_prefix(std::min(end + 1, info.size()));
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ':') continue;
    double number = 0;
    std::from_chars(line.data() + name.size() + 1, line.data() + line.size(), number);
    return number;
  }
  return 0;
}

}  // namespace

MemoryFacts memory_facts_of(std::string_view info) {
  const double used = number_of(info, "used_memory");
  const double most = number_of(info, "maxmemory");
  const double evicted = number_of(info, "evicted_keys");
  MemoryFacts facts;
  if (most > 0) facts.share = used / most;
  if (evicted > 0 && evicted < 1e15) facts.evicted = static_cast<std::uint64_t>(evicted);
  return facts;
}

bullmq::awaitable<Result<FollowAnswer>> FlipRecords::follow(Telling telling) {
  std::vector<std::string> arguments{process_,
                                     std::move(telling.lease),
                                     text_of(telling.duration),
                                     std::move(telling.known.epoch),
                                     std::move(telling.known.audit_hash),
                                     telling.may_control ? "1" : "0",
                                     std::to_string(kMaxRecordBytes)};
  std::vector<std::string> keys = script_keys_;
  const RedisReply reply =
      co_await commands_.run(scripts::follow(), std::move(keys), std::move(arguments), harmless_twice());
  co_return decode_follow(reply);
}

bullmq::awaitable<void> FlipRecords::unfollow(std::optional<std::string> fence) {
  std::vector<std::string> arguments{process_, fence.value_or("")};
  std::vector<std::string> keys = script_keys_;
  co_await commands_.run(scripts::unfollow(), std::move(keys), std::move(arguments));
}

bullmq::awaitable<Result<ChangeAnswer>> FlipRecords::change(Change change) {
  AuditEntry& entry = change.entry;
  entry.seq = change.seq + 1;
  entry.epoch = change.epoch;
  entry.process = process_;
  entry.previous = std::move(change.previous);
  const std::string line = audit_line(entry);
  const auto read_back = parse_audit_line(line);
  if (!read_back) co_return read_back.error();
  std::vector<std::string> arguments{std::move(change.from.epoch),
                                     std::move(change.from.audit_hash),
                                     std::to_string(change.epoch),
                                     std::move(change.text),
                                     std::to_string(entry.seq),
                                     read_back->hash,
                                     line,
                                     process_,
                                     change.fence.value_or(""),
                                     std::to_string(kMostAuditEntries)};
  std::vector<std::string> keys = script_keys_;
  const RedisReply reply = co_await commands_.run(scripts::change(), std::move(keys), std::move(arguments));
  auto answer = decode_change(reply);
  if (answer && std::holds_alternative<ChangeSet>(*answer)) {
    answer = ChangeAnswer(ChangeSet{{std::to_string(entry.epoch), entry.seq, read_back->hash}});
  }
  co_return answer;
}

bullmq::awaitable<void> FlipRecords::count(std::uint64_t epoch, std::uint64_t number, std::string counts) {
  std::vector<std::string> arguments{std::to_string(epoch), process_, std::to_string(number),
                                     std::move(counts), text_of(kKeepCounts)};
  std::vector<std::string> keys = script_keys_;
  co_await commands_.run(scripts::count(), std::move(keys), std::move(arguments), harmless_twice());
}

bullmq::awaitable<Result<FleetLook>> FlipRecords::look(std::optional<std::uint64_t> epoch) {
  std::vector<std::string> arguments{epoch ? std::to_string(*epoch) : "", std::to_string(kMostProcesses),
                                     std::to_string(kMaxReportBytes)};
  std::vector<std::string> keys = script_keys_;
  const RedisReply reply =
      co_await commands_.run(scripts::look(), std::move(keys), std::move(arguments), harmless_twice());
  co_return decode_look(reply);
}

bullmq::awaitable<bool> FlipRecords::report(std::string fence, std::string report) {
  std::vector<std::string> arguments{process_, std::move(fence), std::move(report), text_of(kKeepCounts)};
  std::vector<std::string> keys = script_keys_;
  const RedisReply reply =
      co_await commands_.run(scripts::report(), std::move(keys), std::move(arguments), harmless_twice());
  co_return reply.to_int() == 1;
}

bullmq::awaitable<MemoryFacts> FlipRecords::memory() {
  std::vector<std::string> command{"INFO"};
  const RedisReply reply = co_await commands_.execute(std::move(command), harmless_twice());
  co_return memory_facts_of(reply.text);
}

bullmq::awaitable<StreamLines> FlipRecords::entries_after(std::string position, std::size_t most) {
  // An id that is raised by one is the next possible one; "(" came with Redis 6.2 only.
  std::vector<std::string> command{"XREAD",   "COUNT",     std::to_string(most),
                                   "STREAMS", keys_.log(), position == "-" ? "0-0" : std::move(position)};
  const RedisReply reply = co_await commands_.execute(std::move(command), harmless_twice());
  if (reply.elements.empty() || reply.elements[0].elements.size() != 2) co_return StreamLines{};
  co_return decode_stream(reply.elements[0].elements[1]);
}

bullmq::awaitable<StreamLines> FlipRecords::last_entries(std::size_t most) {
  std::vector<std::string> command{"XREVRANGE", keys_.log(), "+", "-", "COUNT", std::to_string(most)};
  RedisReply reply = co_await commands_.execute(std::move(command), harmless_twice());
  std::ranges::reverse(reply.elements);
  co_return decode_stream(reply);
}

bullmq::awaitable<StreamLines> FlipRecords::wait_for_change(std::string position,
                                                            std::chrono::milliseconds block,
                                                            std::chrono::milliseconds margin) {
  std::vector<std::string> command{"XREAD",        "COUNT",   "100",       "BLOCK",
                                   text_of(block), "STREAMS", keys_.log(), std::move(position)};
  // It is not sent again by itself: after a lost connection the position has to be looked at first.
  bullmq::CommandOptions options;
  options.timeout = block + margin;
  options.drop_on_timeout = true;
  const RedisReply reply = co_await blocking_.execute(std::move(command), options);
  if (reply.elements.empty() || reply.elements[0].elements.size() != 2) co_return StreamLines{};
  co_return decode_stream(reply.elements[0].elements[1]);
}

}  // namespace shunt::flip
