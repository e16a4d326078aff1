#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scripts/script.hpp"

namespace bullmq::detail {

inline void append_number(std::string& out, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

// The line that begins an array ('*') or a text ('$') of this size.
inline void append_header(std::string& out, char type, std::size_t size) {
  char line[24];
  line[0] = type;
  char* end = std::to_chars(line + 1, line + sizeof line - 2, size).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(line, static_cast<std::size_t>(end - line));
}

inline void append_bulk(std::string& out, std::string_view text) {
  append_header(out, '$', text.size());
  out.append(text);
  out.append("\r\n", 2);
}

inline void append_bulk(std::string& out, std::integral auto value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(value)).ptr;
  append_bulk(out, std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

// What is sent to Redis, encoded, and what the connection has to know of it.
struct Command {
  // No aggregate: g++ 12 copies aggregates bit by bit when they are made inside a co_await expression.
  Command() = default;

  std::string bytes;
  // The call of a script by its SHA-1; the connection sends it with its text when Redis does not know it.
  const Script* script = nullptr;
  // Where that call begins, where its arguments begin that follow the SHA-1, and how many it has in all.
  std::size_t script_head = 0;
  std::size_t script_tail = 0;
  std::size_t argument_count = 0;
  // More than one: a transaction. The last reply is the result.
  std::size_t replies = 1;
  // Executed twice it does no harm: sent again when the answer was lost.
  bool idempotent = false;
  // Absent: the connection's command timeout.
  std::optional<std::chrono::milliseconds> timeout;
  // No answer in time means that the connection is dead (blocking reads).
  bool drop_on_timeout = false;
};

// A plain command: make_command("HSET", key, field, 12).
template <typename... Args>
[[nodiscard]] Command make_command(const Args&... args) {
  Command command;
  command.argument_count = sizeof...(args);
  append_header(command.bytes, '*', sizeof...(args));
  (append_bulk(command.bytes, args), ...);
  return command;
}

// One that only reads.
template <typename... Args>
[[nodiscard]] Command make_query(const Args&... args) {
  Command command = make_command(args...);
  command.idempotent = true;
  return command;
}

// The call of a script, argument by argument: first its keys, then the rest, exactly `arguments` of them.
class ScriptCall {
 public:
  ScriptCall(const Script& script, std::size_t arguments, std::size_t reserve = 512) {
    command_.script = &script;
    command_.argument_count = 3 + script.keys + arguments;
    command_.bytes.reserve(reserve);
    append_header(command_.bytes, '*', command_.argument_count);
    command_.bytes += "$7\r\nEVALSHA\r\n$40\r\n";
    command_.bytes += script.sha1;
    command_.bytes += "\r\n";
    command_.script_tail = command_.bytes.size();
    append_bulk(command_.bytes, script.keys);
  }
  ScriptCall& add(std::string_view text) {
    append_bulk(command_.bytes, text);
    return *this;
  }
  ScriptCall& add(std::integral auto value) {
    append_bulk(command_.bytes, value);
    return *this;
  }
  template <typename... Args>
  ScriptCall& add_all(const Args&... args) {
    (add(args), ...);
    return *this;
  }
  // Arguments that are encoded already.
  ScriptCall& add_encoded(std::string_view bulks) {
    command_.bytes += bulks;
    return *this;
  }
  ScriptCall& idempotent() {
    command_.idempotent = true;
    return *this;
  }
  [[nodiscard]] Command take() { return std::move(command_); }

 private:
  Command command_;
};

// The same call with the script's text, which also loads it.
[[nodiscard]] std::string with_script_text(const Command& command);

// MULTI, the commands, EXEC: one command with one result, an array. It cannot fail half way because Redis has
// forgotten a script: calls of one script fail all or none, so a transaction of one script and of queries is
// sent again by the connection, with the text in its first call. In any other, each script goes as text the
// first time that it occurs.
class Transaction {
 public:
  Transaction();
  void add(const Command& command);
  [[nodiscard]] std::size_t size() const noexcept { return command_.replies - 1; }
  [[nodiscard]] std::size_t bytes() const noexcept { return command_.bytes.size(); }
  [[nodiscard]] Command take();

 private:
  void spell_out();

  Command command_;
  const Script* first_ = nullptr;
  bool all_or_none_ = true;
  std::vector<const Script*> spelled_out_;
};

}  // namespace bullmq::detail
