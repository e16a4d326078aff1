#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "drivers/driver_memory.hpp"
#include "drivers/openai/body_reader.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// An answer that means nothing before it is whole. The body is kept, at most max_response_bytes of the
// transfer, and read once at its end.
class WholeBodyReader : public BodyReader {
 public:
  WholeBodyReader(std::string_view content_type, const Quoting& quoting, MemoryBudget& memory);

  [[nodiscard]] Result<void> feed(std::string_view bytes, AnswerPieces& pieces) final;
  [[nodiscard]] Result<void> end(Ending ending, AnswerPieces& pieces) final;
  [[nodiscard]] bool complete() const noexcept final { return whole_; }
  [[nodiscard]] Result<void> finish(AnswerPieces&) override { return {}; }
  [[nodiscard]] Json take_result() final { return std::move(result_); }
  [[nodiscard]] std::vector<Artifact> take_artifacts() final { return std::move(artifacts_); }

 protected:
  // Makes result_ and artifacts_ of the body, or says why it is none.
  [[nodiscard]] virtual Result<void> read(std::string body) = 0;

  // The body as the JSON object that it must be, unless it is an error's.
  [[nodiscard]] Result<Json> read_object(std::string_view body);
  // `upstream_broken`, with the beginning of what came.
  [[nodiscard]] Error broken(std::string what, std::string_view body) const;
  // Takes room for `more` beside the body.
  [[nodiscard]] bool hold(std::size_t more) { return memory_.hold(held_ + more); }

  const std::string media_type_;
  const Quoting quoting_;
  Json result_;
  std::vector<Artifact> artifacts_;

 private:
  DriverMemory memory_;
  std::string body_;
  std::size_t held_ = 0;  // of the body, once it has been given to read()
  bool whole_ = false;
};

}  // namespace shunt::generation::openai
