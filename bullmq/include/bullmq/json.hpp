#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

// From values to JSON texts and back, for everything that nlohmann::json can convert: its own values,
// standard containers, and types with to_json/from_json.
namespace bullmq {

// Invalid UTF-8 becomes U+FFFD: a job with a broken text in it is better than no job.
template <typename T>
[[nodiscard]] std::string to_json_text(const T& value) {
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Throws nlohmann::json::exception, which a worker takes as a failure of the job.
template <typename T = nlohmann::json>
[[nodiscard]] T from_json_text(std::string_view text) {
  return nlohmann::json::parse(text).template get<T>();
}

}  // namespace bullmq
