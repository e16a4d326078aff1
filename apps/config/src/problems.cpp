#include "problems.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <utility>

namespace shunt::config {

void Problems::add(std::string source, std::string setting, std::string_view what) {
  std::string message = source + ": ";
  if (!setting.empty()) message += setting + ' ';
  message += what;
  problems_.push_back({std::move(source), std::move(setting), std::move(message)});
}

Error Problems::error() const {
  std::string message;
  boost::json::array details;
  for (const Problem& problem : problems_) {
    if (!message.empty()) message += '\n';
    message += problem.message;
    details.push_back(boost::json::object{
        {"source", problem.source}, {"setting", problem.setting}, {"message", problem.message}});
  }
  return Error{"invalid_configuration", std::move(message)}.with("problems", std::move(details));
}

}  // namespace shunt::config
