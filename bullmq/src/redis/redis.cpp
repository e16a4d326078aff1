#include "bullmq/redis.hpp"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "bullmq/error.hpp"
#include "redis/command.hpp"
#include "redis/connection.hpp"
#include "scripts/script.hpp"

namespace bullmq {
namespace {

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw Error("OpenSSL cannot compute SHA-1");
  }
  constexpr const char* kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

void apply(const CommandOptions& options, detail::Command& command) {
  command.idempotent = options.idempotent;
  command.timeout = options.timeout;
  command.drop_on_timeout = options.drop_on_timeout;
}

}  // namespace

struct [[gnu::visibility("hidden")]] RedisScript::Owned {
  Owned(std::string n, std::string t, std::size_t keys)
      : name(std::move(n)), text(std::move(t)), sha1(sha1_hex(text)), script{name, keys, 0, sha1, text} {}
  std::string name;
  std::string text;
  std::string sha1;
  detail::Script script;
};

RedisScript::RedisScript(std::string name, std::string text, std::size_t keys)
    : owned_(std::make_shared<const Owned>(std::move(name), std::move(text), keys)) {}

std::string_view RedisScript::name() const noexcept {
  return owned_->name;
}

Redis::Redis(SharedConnection connection, const std::string& key) : connection_(std::move(connection)) {
  if (!key.empty()) connection_->claim_slot(key);
}

awaitable<RedisReply> Redis::execute(std::vector<std::string> arguments, CommandOptions options) {
  const auto connection = connection_;
  detail::Command command;
  command.argument_count = arguments.size();
  std::size_t bytes = 32;
  for (const std::string& argument : arguments) bytes += argument.size() + 16;
  command.bytes.reserve(bytes);
  detail::append_header(command.bytes, '*', arguments.size());
  for (const std::string& argument : arguments)
    detail::append_bulk(command.bytes, std::string_view(argument));
  apply(options, command);
  RedisReply reply = co_await connection->execute(std::move(command));
  co_return reply;
}

awaitable<RedisReply> Redis::run(const RedisScript& script, std::vector<std::string> keys,
                                 std::vector<std::string> arguments, CommandOptions options) {
  const auto connection = connection_;
  // The command points into it until it is answered.
  const auto owned = script.owned_;
  if (keys.size() != owned->script.keys) {
    throw ValidationError("script " + owned->name + " takes " + std::to_string(owned->script.keys) +
                          " keys, got " + std::to_string(keys.size()));
  }
  std::size_t bytes = 128;
  for (const std::string& argument : arguments) bytes += argument.size() + 16;
  detail::ScriptCall call(owned->script, arguments.size(), bytes);
  for (const std::string& key : keys) call.add(std::string_view(key));
  for (const std::string& argument : arguments) call.add(std::string_view(argument));
  detail::Command command = call.take();
  apply(options, command);
  RedisReply reply = co_await connection->execute(std::move(command));
  co_return reply;
}

bool Redis::is_up() const noexcept {
  return connection_->is_up();
}
bool Redis::takes_commands() const noexcept {
  return connection_->takes_commands();
}
Signal<>& Redis::on_up() noexcept {
  return connection_->on_up;
}
Signal<>& Redis::on_down() noexcept {
  return connection_->on_down;
}
Signal<const std::exception&>& Redis::on_error() noexcept {
  return connection_->on_error;
}

void Redis::close() {
  connection_->close();
}

}  // namespace bullmq
