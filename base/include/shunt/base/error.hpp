#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "shunt/base/error_code.hpp"

namespace shunt::base {

// Whether the same request may succeed later without a change. Never kYes for invalid input.
enum class Retryable : bool { kNo, kYes };
[[nodiscard]] constexpr Retryable retryable_if(bool condition) noexcept {
  return condition ? Retryable::kYes : Retryable::kNo;
}

// The one error model of the project: HTTP problems, failed generations, configuration errors and logs are
// renderings of it.
//
// `code` is for programs (docs/errors.md lists them all). `message` is for people: it names what was
// expected, what came, and what to do. `details` holds values that a program may want (field, limit,
// received, upstream status); its keys are as stable as the code.
//
// Those three reach callers. `internal` does not: what only the operator may know goes there, such as an
// address, a path, a bucket or what the system said of them. It is in logs (log_text), and in no answer,
// event or stored record.
struct Error {
  Error() = default;
  Error(ErrorCode the_code, std::string the_message, Retryable whether = Retryable::kNo,
        boost::json::object the_details = {})
      : code(the_code),
        message(std::move(the_message)),
        retryable(whether),
        details(std::move(the_details)) {}

  ErrorCode code;
  std::string message;
  Retryable retryable = Retryable::kNo;
  boost::json::object details;
  std::string internal;

  [[nodiscard]] bool is_retryable() const noexcept { return retryable == Retryable::kYes; }

  [[nodiscard]] Error with(std::string_view key, boost::json::value value) && {
    details.insert_or_assign(key, std::move(value));
    return std::move(*this);
  }
  [[nodiscard]] Error with(std::string_view key, const std::string& text) && {
    return std::move(*this).with(key, boost::json::value(boost::json::string_view(text)));
  }
  [[nodiscard]] Error with(std::string_view key, const ErrorCode& other) && {
    return std::move(*this).with(key, other.to_string());
  }
  [[nodiscard]] Error with_internal(std::string words) && {
    internal = std::move(words);
    return std::move(*this);
  }
};

// The message, and behind it what only the operator may know.
[[nodiscard]] std::string log_text(const Error& error);

// An input error that names the offending field as a JSON pointer ("/input/text"; "" is the whole document).
[[nodiscard]] Error invalid_field(std::string_view pointer, std::string message,
                                  ErrorCode code = "invalid_request");

}  // namespace shunt::base
