#pragma once

#include <string>
#include <string_view>

#include "bullmq/job_options.hpp"

namespace bullmq::detail {

// 2^21 - 1: with the sequence number below it, a score stays exact in a double.
inline constexpr std::int64_t kMaxPriority = 2'097'151;

// Whether a job's data have still to be checked to be JSON.
enum class DataCheck { needed, done };
// Refuses what upstream refuses, with its words. Throws ValidationError.
void validate_job(const std::string& name, std::string_view data, const JobOptions& options,
                  DataCheck check = DataCheck::needed);
// What only a single add refuses.
void validate_single_add(const JobOptions& options);
void validate_queue_name(const std::string& name);

// The text of JavaScript's parseInt(text, 10); "NaN" when there is no number, "1e+21" for
// every number from there on.
[[nodiscard]] std::string text_of_js_parse_int(std::string_view text);

}  // namespace bullmq::detail
