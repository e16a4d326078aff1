#include "failure_log.hpp"

#include <array>
#include <boost/json/serialize.hpp>
#include <string>

#include "shunt/base/json.hpp"

namespace shunt::app {
namespace {

// A message is ours, and may quote an upstream or a program.
constexpr std::size_t kLongestMessage = 300;
constexpr std::size_t kLongestWord = 100;

// What tells a cause apart: the first that an error has. Others of its details may quote what a generator
// wrote.
constexpr std::array<std::string_view, 7> kCauses{"exit_code", "signal",     "status",    "errno",
                                                  "phase",     "limit_name", "timeout_ms"};

std::string cut(std::string_view text, std::size_t longest) {
  std::string valid = to_valid_utf8(text.substr(0, longest));
  for (char& c : valid) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text.size() > longest ? valid + "..." : valid;
}

// A long message leaves room for what only the log has.
std::string words_of(const Error& error) {
  const std::string message = cut(error.message, kLongestMessage);
  return error.internal.empty() ? message : message + " (" + cut(error.internal, kLongestMessage) + ')';
}

std::string cause_of(const Error& error) {
  for (const std::string_view name : kCauses) {
    const Json* value = error.details.if_contains(name);
    if (value == nullptr || value->is_structured()) continue;
    const std::string text = value->is_string() ? std::string(value->get_string()) : to_json_text(*value);
    return std::string(name) + ' ' + cut(text, kLongestWord);
  }
  return "none";
}

}  // namespace

void log_failure(log::Level level, std::string_view event, const FailureLine& failure) {
  log::write(level, event,
             {{"id", failure.id},
              {"model", failure.model},
              {"code", cut(failure.error.code, kLongestWord)},
              {"cause", cause_of(failure.error)},
              {"attempt", failure.attempt},
              {"worker", cut(failure.worker, kLongestWord)},
              {"message", words_of(failure.error)}});
}

}  // namespace shunt::app
