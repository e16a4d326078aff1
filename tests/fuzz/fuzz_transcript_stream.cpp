// A transcript that a server tells as events. Checks that pieces make no difference, that the result says
// what was told, and that memory has the last word.
#include <cstdint>
#include <memory>
#include <string>

#include "drivers/openai/transcript_stream.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

namespace {

constexpr std::size_t kMaxEventBytes = 4096;

struct Outcome {
  std::string error{};
  std::string told{};
  std::string result{};
  bool complete = false;
  [[nodiscard]] bool operator==(const Outcome&) const = default;
};

Outcome outcome(std::string_view body, std::size_t piece, MemoryBudget& memory) {
  openai::TranscriptStreamReader reader(kMaxEventBytes, {256, {}}, memory);
  openai::AnswerPieces pieces;
  Result<void> read;
  fuzz::in_pieces(body, piece, [&](std::string_view bytes) {
    if (read) read = reader.feed(bytes, pieces);
  });
  if (read) read = reader.end(openai::BodyReader::Ending::kInOrder, pieces);
  Outcome came;
  came.complete = reader.complete();
  if (read && came.complete) read = reader.finish(pieces);
  for (const openai::AnswerPiece& each : pieces) {
    if (const auto* const text = std::get_if<openai::TextPiece>(&each)) came.told += text->text;
  }
  if (!read) {
    check(!read.error().message.empty(), "a refusal has words");
    came.error = read.error().message;
    return came;
  }
  if (!came.complete) return came;
  const Json result = reader.take_result();
  check(check_json(result).ok(), "JSON");
  check(std::string_view(result.at("text").as_string()) == came.told, "the result says what was told");
  came.result = to_json_text(result);
  return came;
}

}  // namespace

// A byte: in which pieces; the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view body = fuzz::text_of(data, size).substr(1);
  const Outcome whole = outcome(body, 0, MemoryBudget::unlimited());
  check(outcome(body, data[0], MemoryBudget::unlimited()) == whole, "pieces make no difference");
  // Not on the stack: where AddressSanitizer looks after that, g++ does not keep its alignment.
  const auto small = std::make_unique<MemoryBudget>(64UL * 1024);
  (void)outcome(body, data[0], *small);
  check(small->used(MemoryShare::kDrivers) == 0, "what was held is given back");
  return 0;
}
