#pragma once

#include <cstddef>
#include <string_view>

#include "namespace.hpp"
#include "shunt/base/error.hpp"
#include "shunt/base/log.hpp"

namespace shunt::app {

// A failed generation as the log tells of it: enough to know why and where, on one bounded line, and nothing
// of what it was asked for or has written.
struct FailureLine {
  std::string_view id;
  std::string_view model;
  const Error& error;
  std::size_t attempt = 1;
  std::string_view worker;  // "" = not known, or this process
};
void log_failure(log::Level level, std::string_view event, const FailureLine& failure);

}  // namespace shunt::app
