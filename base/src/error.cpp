#include "shunt/base/error.hpp"

#include <boost/json/value.hpp>

#include "shunt/base/display_text.hpp"
#include "shunt/base/overloaded.hpp"

namespace shunt::base {
namespace {

// A pointer holds names of members, and a message may quote them: both are as long as a request makes them.
constexpr std::size_t kPointerBytes = 256;
constexpr std::size_t kMessageBytes = 4096;

}  // namespace

Error invalid_field(std::string_view pointer, std::string message, ErrorCode code) {
  Error error(code, excerpt(message, kMessageBytes));
  error.details.emplace("field", excerpt(pointer, kPointerBytes));
  return error;
}

std::string log_text(const Error& error) {
  return error.internal.empty() ? error.message : error.message + " (" + error.internal + ')';
}

Error overloaded(std::string_view what) {
  return {"overloaded",
          "this server's memory for " + std::string(what) + " (a share of memory.limit) is used up",
          Retryable::kYes};
}

}  // namespace shunt::base
