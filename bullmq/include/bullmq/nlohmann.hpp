#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "bullmq/error.hpp"
#include "bullmq/json.hpp"

// Data, progress and results of nlohmann's values, and of every type that nlohmann/json converts and
// Boost.JSON does not. The library itself does not use nlohmann/json: a program that includes this header
// brings it along (Debian: nlohmann-json3-dev).
namespace bullmq {
namespace detail {

template <typename T>
  requires nlohmann::detail::is_basic_json<T>::value
inline constexpr bool kIsForeignJson<T> = true;

template <typename T>
concept WritableByNlohmann =
    !WritableByBoost<T> && (kIsForeignJson<T> || nlohmann::detail::has_to_json<nlohmann::json, T>::value);
template <typename T>
concept ReadableByNlohmann =
    !ReadableByBoost<T> && (kIsForeignJson<T> || nlohmann::detail::has_from_json<nlohmann::json, T>::value);

}  // namespace detail

template <typename T>
  requires(!(detail::WritableByBoost<T> || detail::ReadableByBoost<T>) &&
           (detail::WritableByNlohmann<T> || detail::ReadableByNlohmann<T>))
struct JsonConversion<T> {
  static std::string write(const T& value)
    requires detail::WritableByNlohmann<T>
  {
    try {
      const auto replace = nlohmann::json::error_handler_t::replace;
      if constexpr (detail::kIsForeignJson<T>) {
        return value.dump(-1, ' ', false, replace);
      } else {
        return nlohmann::json(value).dump(-1, ' ', false, replace);
      }
    } catch (const std::exception& refused) {
      throw JsonError(std::string("the value cannot be written as JSON: ") + refused.what());
    }
  }
  static T read(std::string_view text)
    requires detail::ReadableByNlohmann<T>
  {
    try {
      if constexpr (detail::kIsForeignJson<T>) {
        return T::parse(text);
      } else {
        return nlohmann::json::parse(text).template get<T>();
      }
    } catch (const std::exception& refused) {
      throw JsonError(std::string("the JSON is not what was expected: ") + refused.what());
    }
  }
};

}  // namespace bullmq
