// A chunk that is taken for the one before it with another text, against reading it: both say the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "drivers/openai/repeated_chunk.hpp"
#include "drivers/openai/upstream_json.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation::openai;
using shunt::fuzz::check;

void check_known(const RepeatedChunk& known, std::string_view chunk, const Json& remembered) {
  const auto text = known.text_in(chunk);
  if (!text) return;
  const auto read = read_upstream_json(chunk);
  check(read.ok() && !read->repaired && !read->excess && !read->done && read->documents.size() == 1);
  check(only_text_of(read->documents.front()) == text);
  // Beside the text both say the same.
  Json other = remembered;
  other.at("choices").at(0).at("delta").at("content").emplace_string() = *text;
  check(read->documents.front() == other);
}

}  // namespace

// Two lines: a chunk, and what comes after it, as a chunk of its own and as the text of the first.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string chunk(input.substr(0, end));
  const std::string_view next = input.substr(std::min(end + 1, input.size()));
  const auto read = read_upstream_json(chunk);
  if (!read || read->repaired || read->excess || read->done || read->documents.size() != 1) return 0;
  const auto text = only_text_of(read->documents.front());
  if (!text) return 0;
  RepeatedChunk known;
  known.remember(chunk, *text);
  check_known(known, chunk, read->documents.front());
  check_known(known, next, read->documents.front());
  for (std::size_t at = chunk.find(*text); at != std::string::npos; at = chunk.find(*text, at + 1)) {
    std::string another = chunk;
    another.replace(at, text->size(), next);
    check_known(known, another, read->documents.front());
  }
  return 0;
}
