#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redis/reply.hpp"

// What a command may answer, checked before it is used: a proxy, a server that is no Redis, and a script of
// another version may answer anything. Each of these throws UnexpectedReplyError, which names the command,
// what was expected and what came; an error inside an answer is a RedisError.
namespace bullmq::detail {

[[noreturn]] void unexpected_reply(std::string_view command, std::string_view expected, const Reply& got);

// Counters and instants of Redis are numbers of JavaScript: what is beyond them makes no sense, and sums with
// it would overflow. The nearest whole number that does.
[[nodiscard]] std::int64_t bounded_number(const Reply& reply) noexcept;

[[nodiscard]] std::int64_t expect_integer(const Reply& reply, std::string_view command);
// An id: some clients' are numbers, and none is empty.
[[nodiscard]] std::string expect_id(Reply reply, std::string_view command);
[[nodiscard]] std::string expect_text(Reply reply, std::string_view command);
// Expects at least `least` and at most `most` elements, none of them an error.
[[nodiscard]] std::vector<Reply> expect_array(Reply reply, std::string_view command, std::size_t least = 0,
                                              std::size_t most = SIZE_MAX);
[[nodiscard]] std::vector<std::string> expect_texts(Reply reply, std::string_view command);
// Expects an array of counts.
[[nodiscard]] std::vector<std::int64_t> expect_numbers(Reply reply, std::string_view command,
                                                       std::size_t least = 0);
// Whether something was found: nil for nothing, else a number or a text (LPOS, ZSCORE).
[[nodiscard]] bool expect_found(const Reply& reply, std::string_view command);
// A hash: names and values in turn, both texts. As they came, for those who read many fields at once.
[[nodiscard]] std::vector<Reply> expect_fields(Reply reply, std::string_view command);
[[nodiscard]] std::vector<std::pair<std::string, std::string>> expect_pairs(Reply reply,
                                                                            std::string_view command);

}  // namespace bullmq::detail
