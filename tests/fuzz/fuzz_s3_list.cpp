// A list of objects' names as an S3 server, or whatever is in its place, answers it: what is read lies where
// it was asked for and in its order, so that a walk along the names comes to an end; and an error quotes
// nothing of it.
#include "s3_list.hpp"

#include <algorithm>
#include <functional>

#include "shunt/base/display_text.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

// A byte: how many names were asked for; a line each: the prefix and the name after which; the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view rest = fuzz::text_of(data, size).substr(1);
  s3::ListQuestion question;
  question.most = data[0];
  question.prefix = fuzz::take(rest);
  question.after = fuzz::take(rest);
  const s3::Bucket bucket{"http://box", "box", "", s3::kFiles};
  const s3::Answer answer{.complete = true, .status = 200, .body = std::string(rest)};
  check(s3::list_query(question).find_first_of(" \n#") == std::string::npos, "one line of a request");
  const auto list = s3::listed(answer, bucket, question);
  if (!list) {
    check(is_displayable(list.error().message) && list.error().message.size() < 200, "a short line");
    return 0;
  }
  check(list->names.size() <= question.most, "no more than were asked for");
  check(!list->more || !list->names.empty(), "there is a name to go on after");
  check(std::ranges::is_sorted(list->names, std::less_equal<>()) || list->names.size() < 2, "in their order");
  for (const std::string& name : list->names) {
    check(name.starts_with(question.prefix) && name > question.after, "what was asked for");
    check(name.find_first_of("<>&\"'% \n\\") == std::string::npos, "a name that may be one of ours");
  }
  return 0;
}
