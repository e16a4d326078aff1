#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/executor/generation_executor.hpp"

namespace shunt::api {

[[nodiscard]] constexpr std::string_view health_name(executor::Health health) noexcept {
  switch (health) {
    case executor::Health::kReady:
      return "ready";
    case executor::Health::kDegraded:
      return "degraded";
    case executor::Health::kDraining:
      return "draining";
  }
  return "unknown";
}

// What works, and ought to be looked at all the same.
[[nodiscard]] inline boost::json::array warnings_of(const executor::ExecutorDescription& executor) {
  boost::json::array list;
  for (const executor::Warning& warning : executor.warnings) {
    list.push_back(boost::json::object{{"code", warning.code}, {"message", warning.message}});
  }
  return list;
}

}  // namespace shunt::api
