#include "redis/command.hpp"

#include <algorithm>
#include <utility>

namespace bullmq::detail {

std::string with_script_text(const Command& command) {
  std::string bytes;
  bytes.reserve(command.bytes.size() + command.script->text.size() + 64);
  bytes += '*';
  append_number(bytes, static_cast<std::int64_t>(command.argument_count));
  bytes += "\r\n$4\r\nEVAL\r\n";
  append_bulk(bytes, command.script->text);
  bytes.append(command.bytes, command.script_tail);
  return bytes;
}

Transaction::Transaction() {
  command_ = make_command("MULTI");
}

void Transaction::add(const Command& command) {
  ++command_.replies;
  const bool first =
      command.script != nullptr && std::find(sent_.begin(), sent_.end(), command.script) == sent_.end();
  if (first) {
    sent_.push_back(command.script);
    command_.bytes += with_script_text(command);
  } else {
    command_.bytes += command.bytes;
  }
}

Command Transaction::take() {
  ++command_.replies;
  command_.bytes += "*1\r\n$4\r\nEXEC\r\n";
  return std::move(command_);
}

}  // namespace bullmq::detail
