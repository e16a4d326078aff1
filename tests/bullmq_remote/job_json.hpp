#pragma once

#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "bullmq/job.hpp"
#include "bullmq/worker.hpp"

namespace remote {

using Json = nlohmann::ordered_json;

// {"$job":{...}}: a job as the protocol shows it.
[[nodiscard]] Json encode_job(const bullmq::Job& job);
// {name, message, code?}.
[[nodiscard]] Json encode_error(std::exception_ptr failure);
[[nodiscard]] Json encode_failure(const bullmq::JobFailure& failure);
// JSON text as a value; what is no JSON is null.
[[nodiscard]] Json value_of(std::string_view text);
// The exception that a rejection stands for.
[[nodiscard]] std::exception_ptr decode_rejection(const Json& rejection);

}  // namespace remote
