#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/connection.hpp"
#include "bullmq/redis_reply.hpp"
#include "bullmq/signal.hpp"

namespace bullmq {

namespace detail {
struct Script;
}

// A Lua script of the program's own, called by its hash and sent as text when Redis does not know it (after a
// restart, a failover, SCRIPT FLUSH). Cheap to copy. Immutable: any thread. It lives until the calls that
// were made with it have begun: a static one outlives the threads that call it, or is never destroyed.
class RedisScript {
 public:
  // `keys`: how many of the arguments are KEYS.
  RedisScript(std::string name, std::string text, std::size_t keys);
  [[nodiscard]] std::string_view name() const noexcept;

 private:
  friend class Redis;
  struct Owned;
  std::shared_ptr<const Owned> owned_;
};

// How a command is sent.
struct CommandOptions {
  // Executed twice it does no harm: sent again when its answer was lost with the connection.
  bool idempotent = false;
  // Absent: the connection's command timeout.
  std::optional<std::chrono::milliseconds> timeout{};
  // No answer in time means that the connection is dead: for blocking reads.
  bool drop_on_timeout = false;
};

// Commands and scripts of the program's own on one of this library's connections, with its deadlines,
// pipelining and reconnecting: for keys that live beside the queues. Copies share the connection. Not
// thread-safe: the connection's thread or strand (see awaitable.hpp).
//
// A command that blocks (XREAD BLOCK) holds up all others of its connection: give it one of its own.
class Redis {
 public:
  // `key`: with a cluster, the connection goes to the node that serves this key's slot, and all keys of its
  // commands have to be in it (a hash tag). Empty: that of a queue or another user of the connection.
  // Throws ValidationError if somebody uses the connection for another slot.
  explicit Redis(SharedConnection connection, const std::string& key = {});

  // Throws RedisError for an error answer, ConnectionError (see its fate()) when there is none.
  [[nodiscard]] awaitable<RedisReply> execute(std::vector<std::string> arguments,
                                              CommandOptions options = CommandOptions());
  [[nodiscard]] awaitable<RedisReply> run(const RedisScript& script, std::vector<std::string> keys,
                                          std::vector<std::string> arguments,
                                          CommandOptions options = CommandOptions());

  [[nodiscard]] bool is_up() const noexcept;
  // Whether a command is tried, or waits for a server. Without `offline_queue` that is while the connection
  // is up, and while it follows a moved slot or a failover to another server.
  [[nodiscard]] bool takes_commands() const noexcept;
  // Called whenever the connection has come up, or was lost.
  [[nodiscard]] Signal<>& on_up() noexcept;
  [[nodiscard]] Signal<>& on_down() noexcept;
  // Failed attempts to connect, with what was wrong.
  [[nodiscard]] Signal<const std::exception&>& on_error() noexcept;
  [[nodiscard]] const SharedConnection& connection() const noexcept { return connection_; }
  // Ends the connection, for all who share it.
  void close();

 private:
  SharedConnection connection_;
};

}  // namespace bullmq
