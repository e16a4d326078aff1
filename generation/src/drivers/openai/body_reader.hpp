#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "drivers/openai/answer_piece.hpp"
#include "drivers/openai/upstream_error.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// Reads the body of a good (2xx) answer of one operation: from bytes to what a generation has. No I/O. What
// it holds is taken from the memory of the drivers before it is there; what does not fit is the error
// `overloaded`.
class BodyReader {
 public:
  virtual ~BodyReader() = default;

  // Appends what `bytes` brings to `pieces`, also when it fails: what came before stays. Never fails once the
  // answer is complete.
  [[nodiscard]] virtual Result<void> feed(std::string_view bytes, AnswerPieces& pieces) = 0;

  // No more bytes come. `kCut` = the body did not end in good order: a document that cannot be read is then
  // no fault of its own.
  enum class Ending { kInOrder, kCut };
  [[nodiscard]] virtual Result<void> end(Ending ending, AnswerPieces& pieces) = 0;

  // Nothing of interest follows.
  [[nodiscard]] virtual bool done() const noexcept { return false; }
  // The answer is whole, even if the connection breaks now.
  [[nodiscard]] virtual bool complete() const noexcept = 0;
  // It is, and this server says so once: hardly anything is to follow.
  [[nodiscard]] virtual bool only_waits_for_done() const noexcept { return false; }

  // Once complete: what was held back, and then the result, and the files.
  [[nodiscard]] virtual Result<void> finish(AnswerPieces& pieces) = 0;
  [[nodiscard]] virtual Json take_result() = 0;
  [[nodiscard]] virtual std::vector<Artifact> take_artifacts() { return {}; }
};

struct ReaderLimits {
  std::size_t max_event_bytes = 0;
  Quoting quoting{};  // what it names outlives the reader
};

// The reader for an answer with this Content-Type. `memory` outlives it.
[[nodiscard]] std::unique_ptr<BodyReader> make_body_reader(OpenAiOperation operation,
                                                           std::string_view content_type,
                                                           const ReaderLimits& limits, MemoryBudget& memory);

}  // namespace shunt::generation::openai
