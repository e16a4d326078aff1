// What a Cog container answers: predictions, events of a stream, the health check. Checks that what is read
// has bounded words, and that files leave the output for artifacts that may be stored.
#include <cstdint>
#include <string>

#include "drivers/cog/cog_output.hpp"
#include "drivers/cog/cog_prediction.hpp"
#include "drivers/cog/cog_step.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

namespace {

void check_output(Json output) {
  const auto taken = cog::take_output(std::move(output));
  if (!taken) return check(taken.error().code == error_code::kUpstreamBroken, "its code");
  for (const Artifact& artifact : taken->artifacts) {
    check(is_valid_artifact_name(artifact.name), "a name that can be stored");
    check(is_valid_media_type(artifact.media_type), "a type that can be a header's");
    check(artifact.bytes != nullptr, "bytes");
  }
  check(is_valid_utf8(taken->text), "text");
  check(check_json(taken->output).ok(), "JSON");
  const auto again = cog::take_output(taken->output);
  check(again && again->artifacts.empty() && again->output == taken->output, "no file is left");
}

}  // namespace

// The first byte: which of the three it is; a line: the type of an event; the rest is the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view rest = fuzz::text_of(data, size).substr(1);
  if (data[0] % 3 == 0) {
    const auto report = cog::read_health(rest);
    check(report.why.size() <= 4096 && is_valid_utf8(report.why), "a bounded text");
    (void)cog::step_after_health(report.health);
    return 0;
  }
  if (data[0] % 3 == 1) {
    auto read = cog::read_prediction(rest);
    if (!read) check(read.error().code == error_code::kUpstreamBroken, "its code");
    if (read) check_output(std::move(read->output));
    return 0;
  }
  const std::string_view type = fuzz::take(rest);
  auto event = cog::read_event(type, rest);
  if (!event) check(event.error().code == error_code::kUpstreamBroken, "its code");
  if (event && event->kind == cog::StreamEvent::Kind::kCompleted) {
    check_output(std::move(event->prediction.output));
  }
  return 0;
}
