#include "redis/reply_reader.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "bullmq/error.hpp"

namespace bullmq::detail {
namespace {

constexpr std::size_t kEnough = 1'000'000;

// The reply as a text that a test can compare.
std::string shown(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::nil:
      return "nil";
    case Reply::Type::integer:
      return std::to_string(reply.integer);
    case Reply::Type::string:
      return "'" + reply.text + "'";
    case Reply::Type::status:
      return "+" + reply.text;
    case Reply::Type::error:
      return "-" + reply.text;
    case Reply::Type::array: {
      std::string text = "[";
      for (const Reply& element : reply.elements) text += (text.size() > 1 ? " " : "") + shown(element);
      return text + "]";
    }
  }
  return "?";
}

// The bytes in two pieces, or in pieces of one byte each when `at` is 0.
std::string read_in_pieces(const std::string& bytes, std::size_t at) {
  ReplyReader reader(kEnough);
  std::string all;
  const auto feed = [&](std::string_view piece) {
    reader.feed(piece);
    while (const auto reply = reader.next()) all += shown(*reply) + ";";
  };
  if (at == 0) {
    for (const char byte : bytes) feed({&byte, 1});
  } else {
    feed(std::string_view(bytes).substr(0, at));
    feed(std::string_view(bytes).substr(at));
  }
  return all;
}

struct Case {
  std::string bytes;
  std::string replies;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"+OK\r\n", "+OK;"},
      {"+\r\n", "+;"},
      {"-ERR no\r\n", "-ERR no;"},
      {":12\r\n:-3\r\n:0\r\n", "12;-3;0;"},
      {":9223372036854775807\r\n:-9223372036854775808\r\n", "9223372036854775807;-9223372036854775808;"},
      {"$3\r\nfoo\r\n", "'foo';"},
      {"$0\r\n\r\n", "'';"},
      {"$-1\r\n", "nil;"},
      {std::string("$5\r\n\0\r\n\xff\0\r\n", 11), std::string("'\0\r\n\xff\0';", 8)},
      {"*-1\r\n", "nil;"},
      {"*0\r\n", "[];"},
      {"*3\r\n:1\r\n$-1\r\n+a\r\n", "[1 nil +a];"},
      {"*2\r\n*2\r\n:1\r\n*0\r\n*1\r\n-ERR in\r\n", "[[1 []] [-ERR in]];"},
      {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n", "[[[[[[[7]]]]]]];"},
      {"*2\r\n*-1\r\n$-1\r\n", "[nil nil];"},
      {"*2\r\n$1\r\na\r\n:1\r\n+OK\r\n$2\r\nbc\r\n", "['a' 1];+OK;'bc';"},
  };
  return all;
}

TEST(ReplyReader, ReadsEveryKindOfReply) {
  for (const Case& c : cases()) EXPECT_EQ(read_in_pieces(c.bytes, c.bytes.size()), c.replies) << c.bytes;
}

TEST(ReplyReader, DoesNotCareWhereTheBytesAreCut) {
  for (const Case& c : cases()) {
    for (std::size_t at = 0; at < c.bytes.size(); ++at)
      EXPECT_EQ(read_in_pieces(c.bytes, at), c.replies) << c.bytes << at;
  }
}

TEST(ReplyReader, GivesAnErrorWordsThatAnExceptionCanSay) {
  ReplyReader reader(1024);
  reader.feed(std::string_view("-\r\n-\0oops\r\n", 11));
  EXPECT_EQ(reader.next()->text, "ERR without a word");
  EXPECT_EQ(reader.next()->text, " oops");
}

TEST(ReplyReader, WaitsForTheRest) {
  for (const Case& c : cases()) {
    const std::string cut = c.bytes.substr(0, c.bytes.size() - 1);
    const std::string read = read_in_pieces(cut, cut.size());
    EXPECT_LT(read.size(), c.replies.size()) << c.bytes;
    EXPECT_TRUE(c.replies.starts_with(read)) << c.bytes;
  }
}

// What the reader says of the bytes; nothing when it takes them.
std::string refusal(const std::string& bytes, std::size_t max_bytes) {
  ReplyReader reader(max_bytes);
  try {
    reader.feed(bytes);
    while (reader.next()) {
    }
    return "";
  } catch (const ConnectionError& error) {
    EXPECT_EQ(error.fate(), Fate::unknown);
    EXPECT_THROW((void)reader.next(), ConnectionError) << "it can be used after " << error.what();
    return error.what();
  }
}

TEST(ReplyReader, RefusesWhatIsNoRedisProtocol) {
  for (const char* bytes : {"HTTP/1.1 400 Bad Request\r\n", "\r\n", "hello\r\n", "$x\r\n", "$-2\r\n",
                            "*x\r\n", "*-2\r\n", ":x\r\n", ":99999999999999999999\r\n", "*1\r\n?\r\n",
                            "*99999999999999999999\r\n", "$99999999999999999999\r\n"}) {
    EXPECT_TRUE(refusal(bytes, kEnough).starts_with("Redis answered with something that is no RESP: "))
        << bytes;
  }
}

TEST(ReplyReader, RefusesTypesOfResp3WhichItHasNotAskedFor) {
  for (const std::string reply : {",1.5\r\n", "#t\r\n", "%1\r\n+a\r\n:1\r\n", "~1\r\n:1\r\n", ">1\r\n+a\r\n",
                                  "|1\r\n+a\r\n:1\r\n", "(123\r\n", "=5\r\ntxt:a\r\n"}) {
    for (const std::string& bytes : {reply, "*1\r\n" + reply}) {
      EXPECT_TRUE(refusal(bytes, kEnough).starts_with("Redis answered with something that is no RESP: "))
          << bytes;
    }
  }
}

TEST(ReplyReader, RefusesArraysThatAreSoDeepThatTheStackWouldNotHoldThem) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += "*1\r\n";
  for (const int end : {0, 1}) {
    EXPECT_TRUE(refusal(bytes + (end == 0 ? "" : ":1\r\n"), 100'000'000).starts_with("Redis answered with"));
  }
}

TEST(ReplyReader, RefusesMoreThanItsBound) {
  const std::string message = "Redis answered with more than max_reply_bytes (1000 bytes) at once";
  const std::string long_text = "$2000\r\n" + std::string(2'000, 'x') + "\r\n";
  std::string many = "*100\r\n";
  for (int i = 0; i < 100; ++i) many += ":1\r\n";
  std::string nested = "*5\r\n";
  for (int i = 0; i < 5; ++i) nested += "$300\r\n" + std::string(300, 'x') + "\r\n";
  // The count alone must not make it allocate.
  for (const std::string& bytes :
       {long_text, many, nested, std::string("*2147483647\r\n"), std::string("*1\r\n*2147483647\r\n")})
    EXPECT_EQ(refusal(bytes, 1'000), message) << bytes.substr(0, 20);
}

TEST(ReplyReader, BoundsATextThatNeverEnds) {
  ReplyReader reader(1'000);
  reader.feed("$500000000\r\n");
  std::size_t fed = 0;
  const auto feed_for_ever = [&] {
    for (; fed < 10'000'000; fed += 1'000) {
      reader.feed(std::string(1'000, 'x'));
      EXPECT_FALSE(reader.next());
    }
  };
  EXPECT_THROW(feed_for_ever(), ConnectionError);
  EXPECT_LT(fed, 100'000U);
}

TEST(ReplyReader, BoundsEachReplyAndNotTheirSum) {
  ReplyReader reader(1'000);
  for (int i = 0; i < 100; ++i) {
    reader.feed("$500\r\n" + std::string(500, 'x') + "\r\n");
    EXPECT_EQ(reader.next()->text.size(), 500U);
  }
}

TEST(ReplyReader, MovesWithWhatItHasRead) {
  ReplyReader reader(1'000);
  reader.feed("*2\r\n:1\r\n");
  EXPECT_FALSE(reader.next());
  ReplyReader moved = std::move(reader);
  moved.feed(":2\r\n");
  EXPECT_EQ(shown(moved.next().value()), "[1 2]");
}

}  // namespace
}  // namespace bullmq::detail
