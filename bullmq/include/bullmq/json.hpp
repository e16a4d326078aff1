#pragma once

#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "bullmq/error.hpp"
#include "bullmq/json_text.hpp"

// Data, progress and results of every type that Boost.JSON converts.
namespace bullmq {
namespace detail {

// nlohmann.hpp says so of nlohmann's own values, which look like containers to Boost.JSON.
template <typename T>
inline constexpr bool kIsForeignJson = false;

[[nodiscard]] std::string write_json_value(const boost::json::value& value);
// Throws JsonError.
[[nodiscard]] boost::json::value read_json_value(std::string_view json);

template <typename T>
concept WritableByBoost = !kIsForeignJson<T> && boost::json::has_value_from<T>::value;
template <typename T>
concept ReadableByBoost = !kIsForeignJson<T> && boost::json::has_value_to<T>::value;

}  // namespace detail

template <typename T>
  requires(detail::WritableByBoost<T> || detail::ReadableByBoost<T>)
struct JsonConversion<T> {
  static std::string write(const T& value)
    requires detail::WritableByBoost<T>
  {
    boost::json::value json;
    try {
      json = boost::json::value_from(value);
    } catch (const std::exception& refused) {
      throw JsonError(std::string("the value cannot be written as JSON: ") + refused.what());
    }
    return detail::write_json_value(json);
  }
  static T read(std::string_view text)
    requires detail::ReadableByBoost<T>
  {
    const boost::json::value json = detail::read_json_value(text);
    try {
      return boost::json::value_to<T>(json);
    } catch (const std::exception& refused) {
      throw JsonError(std::string("the JSON is not what was expected: ") + refused.what());
    }
  }
};

}  // namespace bullmq
