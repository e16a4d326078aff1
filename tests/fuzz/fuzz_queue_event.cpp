// Entries of the event stream, which any client may write to. Checks them against a plain model of what Node
// makes of the same fields.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/error.hpp"
#include "core/event_codec.hpp"
#include "redis/reply_reader.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace bullmq;
using namespace bullmq::detail;
using shunt::fuzz::check;
using shunt::fuzz::may_refuse;

Reply text_reply(std::string_view text) {
  Reply reply;
  reply.type = Reply::Type::string;
  reply.text = text;
  return reply;
}

Reply array_reply(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::array;
  reply.elements = std::move(elements);
  return reply;
}

// Names and values, a line each, of one entry.
void fuzz_fields(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  std::vector<Reply> fields;
  for (const std::string& line : lines) fields.push_back(text_reply(line));
  std::map<std::string, std::string> model;
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) model[lines[i]] = lines[i + 1];

  const Reply entry = array_reply({text_reply("1-0"), array_reply(std::move(fields))});
  check(last_event_id(array_reply({entry})) == "1-0");
  const auto events = decode_events(array_reply({array_reply({text_reply("key"), array_reply({entry})})}));
  check(events.size() == 1 && events[0].id == "1-0");
  check(events[0].name == model["event"]);
  model.erase("event");
  for (const auto& [name, value] : model) check(events[0].field(name) == value);
  for (const auto& [name, value] : events[0].fields) check(model.contains(name));
}

// Each may refuse what it is given, with the library's own error.
void fuzz_decoders(const Reply& reply) {
  may_refuse<Error>([&] { check(!last_event_id(reply).empty()); });
  may_refuse<Error>([&] {
    for (const QueueEvent& event : decode_events(reply)) {
      check(!event.id.empty());
      (void)event.job_id();
    }
  });
}

// Whatever Redis may answer.
void fuzz_reply(std::string_view bytes) {
  ReplyReader reader(65'536);
  may_refuse<ConnectionError>([&] {
    reader.feed(bytes);
    while (const auto reply = reader.next()) fuzz_decoders(*reply);
  });
}

}  // namespace

// The first byte says what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'f') fuzz_fields(text);
  if (data[0] == 'r') fuzz_reply(text);
  return 0;
}
