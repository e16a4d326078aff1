#include "redis/handshake.hpp"

#include <charconv>

#include "bullmq/error.hpp"
#include "redis/command.hpp"

namespace bullmq::detail {
namespace {

// BullMQ's own minimum: streams and blocking sorted sets came with it.
constexpr ServerVersion kMinimumVersion{5, 0, 0};

// Clouds forbid CLIENT, an ACL may forbid any of these: the connection works without them.
bool is_not_permitted(const Reply& reply) {
  return reply.error_word() == "NOPERM" || reply.text.starts_with("ERR unknown command") ||
         reply.text.starts_with("ERR unknown subcommand");
}

}  // namespace

Handshake make_handshake(const ConnectionOptions& options) {
  Handshake handshake;
  const auto say = [&](Handshake::Step step, const auto&... args) {
    handshake.steps.push_back(step);
    handshake.bytes += make_command(args...).bytes;
  };
  // An ACL user may have no password ("nopass").
  if (!options.password.empty() || !options.username.empty()) {
    if (options.username.empty()) {
      say(Handshake::Step::auth, "AUTH", options.password);
    } else {
      say(Handshake::Step::auth, "AUTH", options.username, options.password);
    }
  }
  if (options.database != 0) say(Handshake::Step::select, "SELECT", options.database);
  if (!options.client_name.empty()) say(Handshake::Step::set_name, "CLIENT", "SETNAME", options.client_name);
  say(Handshake::Step::client_id, "CLIENT", "ID");
  say(Handshake::Step::role, "ROLE");
  say(Handshake::Step::info, "INFO", "server");
  // Refused while the server loads its data, when nothing else of this would be.
  say(Handshake::Step::ping, "PING");
  return handshake;
}

ServerVersion parse_version(std::string_view info) noexcept {
  constexpr std::string_view kField = "redis_version:";
  ServerVersion version;
  const auto at = info.find(kField);
  if (at == std::string_view::npos) return version;
  const char* cursor = info.data() + at + kField.size();
  const char* const end = info.data() + info.size();
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    const auto result = std::from_chars(cursor, end, *part);
    if (result.ec != std::errc()) break;
    cursor = result.ptr;
    if (cursor == end || *cursor != '.') break;
    ++cursor;
  }
  return version;
}

HandshakeResult judge_handshake(const Handshake& handshake, const std::vector<Reply>& replies,
                                const ConnectionOptions& options) {
  HandshakeResult result;
  for (std::size_t i = 0; i < handshake.steps.size(); ++i) {
    const Reply& reply = replies.at(i);
    switch (handshake.steps[i]) {
      case Handshake::Step::auth:
      case Handshake::Step::select:
        if (reply.is_error()) throw RedisError(reply.text);
        break;
      case Handshake::Step::ping:
      case Handshake::Step::set_name:
        if (reply.is_error() && !is_not_permitted(reply)) throw RedisError(reply.text);
        break;
      case Handshake::Step::client_id:
        if (reply.is_integer()) result.client_id = reply.integer;
        break;
      case Handshake::Step::role:
        if (reply.is_error() && !is_not_permitted(reply)) throw RedisError(reply.text);
        if (reply.is_array() && !reply.elements.empty() && reply.elements[0].text == "slave" &&
            !options.allow_replica) {
          throw Error("the server is a replica, which takes no writes: give the address of its primary");
        }
        break;
      case Handshake::Step::info:
        if (reply.is_text()) result.version = parse_version(reply.text);
        if (result.version != ServerVersion{} && result.version < kMinimumVersion &&
            !options.skip_version_check) {
          throw Error("Redis version needs to be greater or equal than 5.0.0 Current: " +
                      std::to_string(result.version.major) + "." + std::to_string(result.version.minor) +
                      "." + std::to_string(result.version.patch));
        }
        break;
    }
  }
  return result;
}

}  // namespace bullmq::detail
