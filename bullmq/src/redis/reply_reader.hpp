#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "redis/reply.hpp"

struct redisReader;

namespace bullmq::detail {

// Turns bytes into replies. hiredis parses the protocol; the trees are ours. Not thread-safe.
class ReplyReader {
 public:
  // `max_bytes`: of one reply, its strings and its elements counted.
  explicit ReplyReader(std::size_t max_bytes);
  ~ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;

  // Throws ConnectionError (fate unknown) when the bytes are no protocol that we know, or a reply is too
  // large. The reader is of no use afterwards.
  void feed(std::string_view bytes);
  // The next whole reply, if it is there. Throws as feed does.
  [[nodiscard]] std::optional<Reply> next();

  struct Budget {
    std::size_t max_bytes = 0;
    std::size_t used = 0;
    bool exceeded = false;
    const char* unknown = nullptr;  // what the last reply had that there is no Reply for
  };

 private:
  struct Free {
    void operator()(redisReader* reader) const noexcept;
  };
  [[noreturn]] void fail() const;
  std::unique_ptr<Budget> budget_;
  std::unique_ptr<redisReader, Free> reader_;
  // The most that has waited in its buffer.
  std::size_t largest_ = 0;
};

}  // namespace bullmq::detail
