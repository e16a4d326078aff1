#include "redis/command.hpp"

#include <algorithm>
#include <utility>

namespace bullmq::detail {

std::string with_script_text(const Command& command) {
  std::string bytes;
  bytes.reserve(command.bytes.size() + command.script->text.size() + 64);
  bytes.append(command.bytes, 0, command.script_head);
  bytes += '*';
  append_number(bytes, static_cast<std::int64_t>(command.argument_count));
  bytes += "\r\n$4\r\nEVAL\r\n";
  append_bulk(bytes, command.script->text);
  bytes.append(command.bytes, command.script_tail);
  return bytes;
}

Transaction::Transaction() {
  command_.bytes = make_command("MULTI").bytes;
}

void Transaction::add(const Command& command) {
  ++command_.replies;
  const Script* const script = command.script;
  const bool writes = script == nullptr && !command.idempotent;
  all_or_none_ = all_or_none_ && !writes && (script == nullptr || first_ == nullptr || script == first_);
  if (!all_or_none_) spell_out();
  if (script != nullptr && all_or_none_ && first_ == nullptr) {
    command_.script = first_ = script;
    command_.script_head = command_.bytes.size();
    command_.script_tail = command_.bytes.size() + command.script_tail;
    command_.argument_count = command.argument_count;
  }
  const bool as_text = script != nullptr && !all_or_none_ &&
                       std::find(spelled_out_.begin(), spelled_out_.end(), script) == spelled_out_.end();
  if (as_text) spelled_out_.push_back(script);
  command_.bytes += as_text ? with_script_text(command) : command.bytes;
}

// Puts the text of the one script that has occurred so far into its first call.
void Transaction::spell_out() {
  if (command_.script == nullptr) return;
  command_.bytes = with_script_text(command_);
  spelled_out_.push_back(std::exchange(command_.script, nullptr));
}

Command Transaction::take() {
  ++command_.replies;
  command_.bytes += "*1\r\n$4\r\nEXEC\r\n";
  return std::move(command_);
}

}  // namespace bullmq::detail
