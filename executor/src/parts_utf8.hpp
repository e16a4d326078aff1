#pragma once

#include <cstdint>
#include <map>

#include "shunt/executor/namespace.hpp"
#include "shunt/generation/message_parts.hpp"
#include "utf8_stream.hpp"

namespace shunt::executor {

// Makes the texts of a message's pieces valid UTF-8, each kind (and each call's arguments) a stream by
// itself.
class PartsUtf8 {
 public:
  // Leaves in `piece` what may be told now.
  void push(MessageParts& piece);
  // What was held back; empty where nothing was.
  [[nodiscard]] MessageParts finish();

 private:
  Utf8Stream reasoning_;
  Utf8Stream refusal_;
  Utf8Stream transcript_;
  std::map<std::uint32_t, Utf8Stream> arguments_;  // kMaxToolCalls at most
};

}  // namespace shunt::executor
