#include "shunt/base/error.hpp"

#include <boost/json/value.hpp>

namespace shunt {

Error invalid_field(std::string_view pointer, std::string message, std::string_view code) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.details.emplace("field", pointer);
  return error;
}

}  // namespace shunt
