// What is said about mistyped words, and what may be shown of an address. Checks that a suggestion is one of
// the known words and near, and that no password is shown.
#include "shunt/config/did_you_mean.hpp"

#include <algorithm>
#include <cctype>

#include "shunt/config/redact.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

constexpr std::string_view kSecret = "hunter2";

void check_suggestion(std::string_view typed) {
  const std::vector<std::string> known{"listen", "log", "level", "queue.enabled",
                                       "models.speech.concurrency"};
  const std::string word = config::nearest(typed, known);
  const std::string said = config::did_you_mean(typed, known);
  check(word.empty() || std::ranges::find(known, word) != known.end(), "a known word");
  check(word.empty() == said.empty(), "said when there is one");
  for (const std::string& each : known)
    check(config::nearest(each, known) == each, "a word is nearest to itself");
}

// '~' stands for the secret. It is one before the last '@' of what follows the scheme, behind a ':', and in a
// query; and a scheme has no room for any.
void check_redacted(std::string_view written) {
  // A fuzzer finds the word by itself, and puts it where it is none.
  if (written.find(kSecret) != std::string_view::npos) return;
  const std::size_t scheme = written.find("://");
  const std::string_view rest =
      scheme == std::string_view::npos ? std::string_view{} : written.substr(scheme + 3);
  const std::size_t at = rest.rfind('@');
  const std::size_t colon = rest.find(':');
  const std::size_t query = rest.find_first_of("?#");
  // A secret of letters in front of "://" looks as a scheme does.
  const bool has_scheme =
      std::ranges::all_of(written.substr(0, scheme == std::string_view::npos ? 0 : scheme), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) ||
               std::string_view("+-.~").find(c) != std::string_view::npos;
      });
  std::string url;
  bool secret_is_elsewhere = false;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] != '~') {
      url += written[i];
      continue;
    }
    url += kSecret;
    const std::size_t here = i - scheme - 3;
    const bool in_scheme = scheme == std::string_view::npos || i < scheme;
    const bool in_password = !in_scheme && at != std::string_view::npos && here < at && here > colon;
    const bool in_query = !in_scheme && query != std::string_view::npos && here > query;
    secret_is_elsewhere |=
        in_scheme ? scheme != std::string_view::npos && has_scheme : !in_password && !in_query;
  }
  const std::string shown = config::redacted_url(url);
  check(shown.empty() == url.empty(), "something is shown of something");
  if (!secret_is_elsewhere) check(shown.find(kSecret) == std::string::npos, "no password is shown");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_suggestion(fuzz::text_of(data, size));
  check_redacted(fuzz::text_of(data, size));
  return 0;
}
