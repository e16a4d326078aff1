#include "shunt/base/error.hpp"

#include <boost/json/value.hpp>

#include "shunt/base/display_text.hpp"

namespace shunt {
namespace {

// A pointer holds names of members, and a message may quote them: both are as long as a request makes them.
constexpr std::size_t kPointerBytes = 256;
constexpr std::size_t kMessageBytes = 4096;

}  // namespace

Error invalid_field(std::string_view pointer, std::string message, std::string_view code) {
  Error error;
  error.code = code;
  error.message = excerpt(message, kMessageBytes);
  error.details.emplace("field", excerpt(pointer, kPointerBytes));
  return error;
}

}  // namespace shunt
