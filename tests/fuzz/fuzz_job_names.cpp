// Names, ids and intervals that jobs and schedulers come with. Checks JavaScript's parseInt against plain
// digits, and that the next iteration of a scheduler is one.
#include <nlohmann/json.hpp>

#include "bullmq/error.hpp"
#include "bullmq/json.hpp"
#include "core/job_validation.hpp"
#include "core/json_value.hpp"
#include "support/fuzzing.hpp"
#include "worker/next_iteration.hpp"

namespace {

using namespace bullmq;
using namespace bullmq::detail;
using shunt::fuzz::check;
using shunt::fuzz::may_refuse;

void check_number(std::string_view text) {
  const std::string number = text_of_js_parse_int(text);
  check(!number.empty() && (number == "NaN" || number.find_first_of("0123456789I") != std::string::npos),
        "a number");
  const bool digits =
      !text.empty() && text.size() <= 15 && text.find_first_not_of("0123456789") == std::string::npos;
  if (digits) check(number == std::to_string(std::stoll(std::string(text))), "plain digits are their number");
}

void check_refusals(const std::string& text) {
  JobOptions options;
  options.job_id = text;
  may_refuse<ValidationError>([&] { validate_queue_name(text); });
  may_refuse<ValidationError>([&] { validate_job(text, text, options); });
}

void check_iteration(std::string_view repeat) {
  JobRecord job;
  job.id = "repeat:tick:1763999999000";
  job.repeat_job_key = "tick";
  job.options.extra =
      R"({"prevMillis":1763999999000,"repeatJobKey":"tick","repeat":)" + std::string(repeat) + "}";
  const Iteration iteration = next_iteration(job, 1'764'000'000'000);
  const auto* next = std::get_if<NextIteration>(&iteration);
  if (next == nullptr) return;
  check(next->scheduler == "tick", "of the same scheduler");
  check(nlohmann::json::accept(next->options.extra.str()), "its options are JSON");
}

}  // namespace

// The first byte says what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = shunt::fuzz::text_of(data, size).substr(1);
  if (data[0] == 'r') {
    check_iteration(text);
    return 0;
  }
  check_number(text);
  check_refusals(std::string(text));
  (void)has_legacy_repeatable_shape(text);
  if (const auto json = parse_json(text)) {
    check(nlohmann::json::accept(text), "what is read is JSON");
    check(parse_json(write_json(*json)).has_value(), "what is written is read");
  }
  try {
    check(!to_json_text(from_json_text<boost::json::value>(text)).text().empty());
  } catch (const JsonError&) {
  }
  return 0;
}
