// What a collector of spans answers. Checks that no answer makes the exporter wait longer than it may.
#include "delivery.hpp"
#include "otlp_json.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

// The first byte makes the status; a line of Retry-After; the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view rest = fuzz::text_of(data, size).substr(1);
  const std::string_view retry_after = fuzz::take(rest);
  (void)tracing::rejected_spans(rest);
  tracing::Answer answer;
  answer.status = 100 + data[0] * 2;
  check(tracing::judge(answer) != tracing::Verdict::kDelivered || answer.status / 100 == 2,
        "2xx alone is well");
  const tracing::ExporterOptions options;
  for (const std::size_t in_a_row : {std::size_t{1}, std::size_t{5}, std::size_t{1} << 40}) {
    const auto pause = tracing::pause_after({in_a_row, retry_after, 0.999}, options);
    check(pause.count() >= 0 && pause <= std::chrono::ceil<std::chrono::seconds>(options.max_backoff),
          "no longer than may be");
  }
  return 0;
}
