// What a server answers to embeddings, speech and images. Checks that pieces make no difference, that what is
// cut is never taken, and that artifacts may be stored.
#include <cstdint>
#include <string>

#include "drivers/openai/answer_form.hpp"
#include "drivers/openai/body_reader.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

namespace {

struct Outcome {
  std::string error{};
  std::string result{};
  std::string files{};
  [[nodiscard]] bool operator==(const Outcome&) const = default;
};

Outcome outcome(OpenAiOperation operation, std::string_view type, std::string_view body, std::size_t cut,
                openai::BodyReader::Ending ending) {
  const auto reader =
      openai::make_body_reader(operation, type, {1 << 20, {256, {}}}, MemoryBudget::unlimited());
  openai::AnswerPieces pieces;
  Outcome came;
  for (const std::string_view piece : {body.substr(0, cut), body.substr(cut)}) {
    check(reader->feed(piece, pieces).ok(), "keeping bytes never fails");
  }
  auto ended = reader->end(ending, pieces);
  check(pieces.empty(), "nothing is told before it is whole");
  if (!ended) came.error = ended.error().message;
  if (!reader->complete()) return came;
  check(ended.ok() && ending == openai::BodyReader::Ending::kInOrder, "what is cut is never taken");
  const Json result = reader->take_result();
  check(check_json(result).ok(), "JSON");
  came.result = to_json_text(result);
  for (const Artifact& artifact : reader->take_artifacts()) {
    check(is_valid_artifact_name(artifact.name), "a name that can be stored");
    check(is_valid_media_type(artifact.media_type), "a type that can be a header's");
    check(artifact.bytes != nullptr && !artifact.bytes->empty(), "bytes");
    came.files += artifact.name + *artifact.bytes;
  }
  return came;
}

}  // namespace

// Two bytes: the operation, and where the body is split; a line: the Content-Type; the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Operation = OpenAiOperation;
  using Ending = openai::BodyReader::Ending;
  if (size < 2) return 0;
  std::string_view rest = fuzz::text_of(data, size).substr(2);
  constexpr Operation kOperations[] = {Operation::kEmbeddings, Operation::kSpeech, Operation::kImages,
                                       Operation::kTranscription};
  const Operation operation = kOperations[data[0] % 4];
  const std::string_view type = fuzz::take(rest);
  // Told as it comes: fuzz_transcript_stream.cpp.
  if (openai::media_type_of(type) == "text/event-stream") return 0;
  const Outcome whole = outcome(operation, type, rest, 0, Ending::kInOrder);
  const std::size_t cut = rest.empty() ? 0 : data[1] % rest.size();
  check(outcome(operation, type, rest, cut, Ending::kInOrder) == whole, "pieces make no difference");
  (void)outcome(operation, type, rest, cut, Ending::kCut);
  return 0;
}
