// What an S3 server answers: its status, its headers, the words of its errors. Checks that what is read has
// exactly the size and the place that were asked for, and that a failure quotes nothing of the
// server but a word.
#include <cstdint>
#include <string>

#include "s3_answer.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

namespace {

const s3::Bucket kBucket{"http://box", "box", "shunt/"};

void check_error(const Error& error) {
  check(error.code == error_code::kArtifactGone || error.code == error_code::kArtifactStoreFailed,
        "its code");
  check(is_displayable(error.message) && error.message.size() < 1000,
        "a short line that a terminal may show");
}

// A header that is read says the same when it is written again.
void check_range(std::string_view header) {
  const auto range = s3::parse_content_range(header);
  if (!range) return;
  check(range->first <= range->last && range->last < range->size, "a part lies within the whole");
  const std::string again = "bytes " + std::to_string(range->first) + '-' + std::to_string(range->last) +
                            '/' + std::to_string(range->size);
  check(s3::parse_content_range(again) == range, "one form");
}

void check_part(const s3::Answer& answer, const s3::Part& part) {
  const auto read = s3::part_of_object(answer, kBucket, std::string(64, '0'), part);
  if (!read) return check_error(read.error());
  check(read->size() == part.length, "exactly what was asked for");
  check(answer.complete, "what is cut is never taken");
  if (answer.status != 206) return;
  const auto range = s3::parse_content_range(answer.content_range);
  check(range && range->first == part.offset && range->size == part.size, "from where it was asked for");
}

}  // namespace

// Two bytes: the status, and how the transfer ended; a byte each: the part's offset, length and the object's
// size; then a line with the length, a line with the range, and the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 5) return 0;
  std::string_view rest = fuzz::text_of(data, size).substr(5);
  s3::Answer answer;
  constexpr long kStatuses[] = {200, 206, 204, 404, 403, 416, 429, 500};
  answer.status = data[0] < 128 ? kStatuses[data[0] % 8] : 100 + data[0];
  answer.complete = data[1] % 4 != 0;
  const std::string_view length = fuzz::take(rest);
  if (!length.empty()) answer.content_length = length.size() == 1 ? rest.size() : length.size();
  answer.content_range = fuzz::take(rest);
  answer.body = rest;
  if (!answer.complete) answer.problem = rest.substr(0, 200);

  check_range(answer.content_range);
  const std::string_view word = s3::error_word(answer.body);
  check(word.size() <= 100 && is_displayable(word), "a word");
  check_part(answer, {data[4], data[2], data[3]});
  check_part(answer, {answer.body.size(), 0, answer.body.size()});
  for (const auto& done : {s3::stored(answer, kBucket), s3::removed(answer, kBucket)}) {
    check(!done || answer.complete, "what is cut is never taken");
    if (!done) check_error(done.error());
  }
  return 0;
}
