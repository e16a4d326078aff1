#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace shunt {

// The one error model of the project: HTTP problems, failed generations, configuration errors and logs are
// renderings of it.
//
// `code` is stable and machine readable (snake_case; docs/errors.md lists them all). `message` is for people:
// it names what was expected, what came, and what to do. `details` holds values that a program may want
// (field, limit, received, upstream status); its keys are stable too.
struct Error {
  std::string code;
  std::string message;
  // Whether the same request may succeed later without a change. Never true for invalid input.
  bool retryable = false;
  boost::json::object details{};

  [[nodiscard]] Error with(std::string_view key, boost::json::value value) && {
    details.insert_or_assign(key, std::move(value));
    return std::move(*this);
  }
  [[nodiscard]] Error with(std::string_view key, const std::string& text) && {
    return std::move(*this).with(key, boost::json::value(boost::json::string_view(text)));
  }
};

// An input error that names the offending field as a JSON pointer ("/input/text"; "" is the whole document).
[[nodiscard]] Error invalid_field(std::string_view pointer, std::string message,
                                  std::string_view code = "invalid_request");

}  // namespace shunt
