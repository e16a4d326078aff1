#include "redis/expected_reply.hpp"

#include <algorithm>

#include "bullmq/error.hpp"

namespace bullmq::detail {
namespace {

// JavaScript's Number.MAX_SAFE_INTEGER.
constexpr std::int64_t kLargestNumber = 9'007'199'254'740'991;
// An error message tells this much of what came.
constexpr std::size_t kShownBytes = 80;

std::string describe(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::nil:
      return "nil";
    case Reply::Type::integer:
      return "the integer " + std::to_string(reply.integer);
    case Reply::Type::array:
      return "an array of " + std::to_string(reply.elements.size());
    case Reply::Type::error:
      return "the error " + reply.text.substr(0, kShownBytes);
    case Reply::Type::status:
    case Reply::Type::string:
      break;
  }
  // The text itself is not told: it may be a job's data.
  return "a text of " + std::to_string(reply.text.size()) + " bytes";
}

}  // namespace

void unexpected_reply(std::string_view command, std::string_view expected, const Reply& got) {
  if (got.is_error()) throw RedisError(got.text);
  throw UnexpectedReplyError(std::string(command) + ": Redis answered with " + describe(got) + ", expected " +
                             std::string(expected));
}

std::int64_t bounded_number(const Reply& reply) noexcept {
  return std::clamp(reply.to_int(), -kLargestNumber, kLargestNumber);
}

std::int64_t expect_integer(const Reply& reply, std::string_view command) {
  if (!reply.is_integer()) unexpected_reply(command, "an integer", reply);
  return reply.integer;
}

std::string expect_id(Reply reply, std::string_view command) {
  if (reply.is_integer()) return std::to_string(reply.integer);
  if (!reply.is_text() || reply.text.empty()) unexpected_reply(command, "an id", reply);
  return std::move(reply.text);
}

std::string expect_text(Reply reply, std::string_view command) {
  if (!reply.is_text()) unexpected_reply(command, "a text", reply);
  return std::move(reply.text);
}

std::vector<Reply> expect_array(Reply reply, std::string_view command, std::size_t least, std::size_t most) {
  if (!reply.is_array()) unexpected_reply(command, "an array", reply);
  const std::size_t size = reply.elements.size();
  if (size < least || size > most) {
    const std::string bound =
        size < least ? "at least " + std::to_string(least) : "at most " + std::to_string(most);
    unexpected_reply(command, "an array of " + bound, reply);
  }
  for (const Reply& element : reply.elements) {
    if (element.is_error()) throw RedisError(element.text);
  }
  return std::move(reply.elements);
}

std::vector<std::string> expect_texts(Reply reply, std::string_view command) {
  std::vector<std::string> texts;
  for (Reply& element : expect_array(std::move(reply), command)) {
    texts.push_back(element.is_integer() ? std::to_string(element.integer)
                                         : expect_text(std::move(element), command));
  }
  return texts;
}

std::vector<std::int64_t> expect_numbers(Reply reply, std::string_view command, std::size_t least) {
  std::vector<std::int64_t> numbers;
  for (const Reply& element : expect_array(std::move(reply), command, least)) {
    if (!element.is_integer() && !element.is_text() && !element.is_nil())
      unexpected_reply(command, "a number", element);
    numbers.push_back(bounded_number(element));
  }
  return numbers;
}

bool expect_found(const Reply& reply, std::string_view command) {
  if (!reply.is_nil() && !reply.is_integer() && !reply.is_text())
    unexpected_reply(command, "a number, a text or nil", reply);
  return !reply.is_nil();
}

std::vector<Reply> expect_fields(Reply reply, std::string_view command) {
  if (reply.is_array() && reply.elements.size() % 2 != 0)
    unexpected_reply(command, "names and values in turn", reply);
  std::vector<Reply> fields = expect_array(std::move(reply), command);
  for (const Reply& field : fields) {
    if (!field.is_text()) unexpected_reply(command, "a field's text", field);
  }
  return fields;
}

std::vector<std::pair<std::string, std::string>> expect_pairs(Reply reply, std::string_view command) {
  std::vector<Reply> fields = expect_fields(std::move(reply), command);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t i = 0; i < fields.size(); i += 2)
    pairs.emplace_back(std::move(fields[i].text), std::move(fields[i + 1].text));
  return pairs;
}

}  // namespace bullmq::detail
