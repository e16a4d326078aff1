#pragma once

#include "shunt/generation/model_registry.hpp"
#include "support/hold.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// The models that the conformance suite talks to; any executor must be able to run them.
//   echo       the input's "text" as one delta; result {"length": n}
//   tokens     "count" deltas "0 ", "1 ", ...; progress and a log line in between
//   gated      one delta "waiting", then waits for the hold's release; concurrency 1, one place in line
//   stubborn   ignores its stop token until the hold is released; stop_grace 100 ms
//   throwing   throws
//   vanishing  drops its run
//   artifact   an artifact of "size" bytes and one of zero bytes
//   bytes      deltas that cut a UTF-8 sequence in half, and invalid ones
//   talk       says what a chat model says: reasoning, text, log probabilities, two tool calls, audio, a
//   refusal of
//              100,000 bytes
//   terse      as talk, with max_message_bytes 64
//   gap        begins with the second tool call
//   limited    as tokens, with max_text_bytes 64
//   once       as echo, and never run twice
//   filed      its input's files, "image" by a rule, as the result
//   picky      check_input refuses an input without "text"
[[nodiscard]] ModelRegistry conformance_models(Hold& hold);

}  // namespace shunt::testing
