// What `shunt jobs` and its like make of a service's answers, which may be of another version, or of no Shunt
// at all. Checks that what is shown cannot steer a terminal.
#include <unistd.h>

#include "job_text.hpp"
#include "service_client.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "support/fuzzing.hpp"
#include "text_table.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

void check_harmless(std::string_view text) {
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    check(byte >= 0x20 || byte == '\n', "no control character reaches a terminal");
    check(byte != 0x7f, "no delete reaches a terminal");
  }
}

void check_record(const JsonObject& record) {
  const WallTime now{std::chrono::milliseconds(1'764'000'000'000)};
  static const app::Terminal& terminal = *new app::Terminal(STDIN_FILENO);
  app::TextTable table = app::jobs_table();
  table.add(app::job_row(record, now));
  check_harmless(table.text(terminal));
  (void)app::job_description(record, terminal, now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Error error = app::error_of({.status = 500, .location = {}, .body = std::string(text)});
  check(!error.code.empty() && !error.message.empty(), "an error has words");
  check_harmless(displayable(text));
  const auto json = parse_json(text, {.max_depth = 128});
  if (json && json->is_object()) check_record(json->get_object());
  return 0;
}
