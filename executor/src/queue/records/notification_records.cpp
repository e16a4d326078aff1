#include "queue/records/notification_records.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "queue/records/generation_scripts.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/event_codec.hpp"

namespace shunt::executor {
namespace {

using std::chrono::milliseconds;

std::uint64_t number_of(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::pair<std::uint64_t, std::uint64_t> parts_of(std::string_view id) {
  const std::size_t dash = std::min(id.find('-'), id.size());
  const std::string_view rest = id.substr(std::min(dash + 1, id.size()));
  return {number_of(id.substr(0, dash)), number_of(rest)};
}

std::string_view name_of(OwnerRequest what) {
  return what == OwnerRequest::kLog ? "log" : "request";
}

std::string_view name_of(OwnerAnswer answer) {
  switch (answer) {
    case OwnerAnswer::kDone:
      return "done";
    case OwnerAnswer::kAbsent:
      return "absent";
    case OwnerAnswer::kFailed:
      return "failed";
  }
  return {};
}

// The name of a process is a part of a key, and is written into lists with spaces in between.
bool is_process_name(std::string_view text) {
  constexpr std::size_t kLongest = 100;
  const auto is_visible = [](char c) { return c > ' ' && c < '\x7f'; };
  return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, is_visible);
}

std::optional<Notification> decode_owner_message(std::string_view message) {
  if (!message.starts_with("ask:") && !message.starts_with("owner:")) return std::nullopt;
  for (const OwnerRequest what : {OwnerRequest::kLog, OwnerRequest::kRequest}) {
    const std::string asked = encode_owner_asked(what, {});
    if (message.starts_with(asked) && is_process_name(message.substr(asked.size())))
      return OwnerAsked{what, std::string(message.substr(asked.size()))};
    for (const OwnerAnswer answer : {OwnerAnswer::kDone, OwnerAnswer::kAbsent, OwnerAnswer::kFailed}) {
      const OwnerAnswered answered{what, answer};
      if (message == encode_owner_answered(answered)) return answered;
    }
  }
  return std::nullopt;
}

bullmq::CommandOptions harmless_twice() {
  bullmq::CommandOptions options;
  options.idempotent = true;
  return options;
}

}  // namespace

std::vector<StreamEntry> decode_entries(bullmq::RedisReply reply) {
  std::vector<StreamEntry> entries;
  entries.reserve(reply.elements.size());
  for (bullmq::RedisReply& entry : reply.elements) {
    if (entry.elements.size() != 2 || !entry.elements[0].is_text()) continue;
    StreamEntry decoded{std::move(entry.elements[0].text), {}};
    auto& fields = entry.elements[1].elements;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
      if (fields[i].is_text() && fields[i + 1].is_text())
        decoded.messages.emplace_back(std::move(fields[i].text), std::move(fields[i + 1].text));
    }
    entries.push_back(std::move(decoded));
  }
  return entries;
}

bool precedes(std::string_view a, std::string_view b) {
  return parts_of(a) < parts_of(b);
}

std::string encode_owner_asked(OwnerRequest what, std::string_view asker) {
  return "ask:" + std::string(name_of(what)) + ':' + std::string(asker);
}

std::string encode_owner_answered(const OwnerAnswered& answered) {
  return "owner:" + std::string(name_of(answered.what)) + ':' + std::string(name_of(answered.answer));
}

Result<Notification> decode_notification(std::string_view message) {
  constexpr std::string_view kCancel = "cancel:";
  if (message == "forgotten") return Notification(GenerationDeleted{});
  if (message.starts_with(kCancel))
    return Notification(CancelRequested{to_valid_utf8(message.substr(kCancel.size()))});
  if (auto owners = decode_owner_message(message)) return *std::move(owners);
  auto events = decode_events(message);
  if (!events) return std::move(events).error();
  return Notification(EventsAppended{std::move(*events)});
}

NotificationRecords::NotificationRecords(bullmq::Redis blocking, bullmq::Redis commands,
                                         const GenerationKeys& keys, std::string_view process)
    : blocking_(std::move(blocking)),
      commands_(std::move(commands)),
      key_(keys.notifications(process)),
      script_keys_(keys.of_scripts()),
      process_(process) {}

bullmq::awaitable<void> NotificationRecords::report_reading(Reader reader) {
  const auto now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  const std::string until = std::to_string((now + kReads).time_since_epoch().count());
  std::vector<std::string> arguments{process_, std::to_string(kReads.count()),
                                     reader == Reader::kApi ? until : std::string(),
                                     std::to_string((now - kReads).time_since_epoch().count())};
  std::vector<std::string> keys = script_keys_;
  (void)co_await blocking_.run(scripts::report_reading(), std::move(keys), std::move(arguments),
                               harmless_twice());
}

bullmq::awaitable<std::string> NotificationRecords::newest() {
  std::vector<std::string> command{"XREVRANGE", key_, "+", "-", "COUNT", "1"};
  const bullmq::RedisReply reply = co_await blocking_.execute(std::move(command), harmless_twice());
  const auto entries = decode_entries(reply);
  co_return entries.empty() ? std::string() : entries.front().position;
}

bullmq::awaitable<std::vector<StreamEntry>> NotificationRecords::read_after(std::string position,
                                                                            milliseconds block,
                                                                            milliseconds margin) {
  std::vector<std::string> command{
      "XREAD", "COUNT", "500", "BLOCK", std::to_string(block.count()), "STREAMS", key_, std::move(position)};
  // The command is not sent again by itself: after a lost connection the position has to be looked at first.
  bullmq::CommandOptions options;
  options.timeout = block + margin;
  options.drop_on_timeout = true;
  bullmq::RedisReply reply = co_await blocking_.execute(std::move(command), options);
  std::vector<StreamEntry> entries;
  if (!reply.elements.empty() && reply.elements[0].elements.size() == 2)
    entries = decode_entries(std::move(reply.elements[0].elements[1]));
  co_return entries;
}

bullmq::awaitable<void> NotificationRecords::trim(std::string position) {
  std::vector<std::string> command{"XTRIM", key_, "MINID", std::move(position)};
  co_await commands_.execute(std::move(command));
}

bullmq::awaitable<void> NotificationRecords::remove() {
  std::vector<std::string> command{"DEL", key_};
  co_await commands_.execute(std::move(command));
}

}  // namespace shunt::executor
