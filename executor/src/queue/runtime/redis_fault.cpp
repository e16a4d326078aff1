#include "shunt/executor/redis/redis_fault.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "bullmq/error.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::executor {
namespace {

// Answers of a server that is well and does not do what it is asked for the moment.
constexpr std::array<std::string_view, 10> kNotNow{"LOADING",     "MASTERDOWN", "READONLY",   "OOM",
                                                   "BUSY",        "MISCONF",    "NOREPLICAS", "TRYAGAIN",
                                                   "CLUSTERDOWN", "UNBLOCKED"};

// Redis 6 puts what a command of a script was told behind words of its own: "... user_script:9: -OOM command
// ...".
bool says(std::string_view message, std::string_view word) {
  if (message.starts_with(word)) return message.size() == word.size() || message[word.size()] == ' ';
  return message.find(": -" + std::string(word) + ' ') != std::string_view::npos;
}

}  // namespace

FaultLog::Kind kind_of_fault(const std::exception& error) {
  if (dynamic_cast<const bullmq::ConnectionError*>(&error) != nullptr) return FaultLog::Kind::kUnavailable;
  if (dynamic_cast<const bullmq::RedisError*>(&error) == nullptr) return FaultLog::Kind::kFault;
  const std::string_view message = error.what();
  const bool not_now =
      std::ranges::any_of(kNotNow, [&](std::string_view word) { return says(message, word); });
  return not_now ? FaultLog::Kind::kUnavailable : FaultLog::Kind::kFault;
}

std::string words_of(const std::exception& error) {
  constexpr std::size_t kMostBytes = 300;
  return excerpt(displayable(error.what()), kMostBytes);
}

void note_caught(FaultLog& faults, FaultLog::Source source, std::string_view name) noexcept {
  try {
    throw;
  } catch (const std::exception& error) {
    faults.note(source, name, kind_of_fault(error), error.what());
  } catch (...) {
    faults.note(source, name, FaultLog::Kind::kFault, "something that is no std::exception");
  }
}

void note_part(FaultLog& faults, std::string_view duty) {
  try {
    throw;
  } catch (const std::exception& error) {
    if (kind_of_fault(error) == FaultLog::Kind::kUnavailable) throw;
    note_caught(faults, FaultLog::Source::kDuty, duty);
  } catch (...) {
    note_caught(faults, FaultLog::Source::kDuty, duty);
  }
}

void note_ended_with(FaultLog& faults, std::string_view place, const std::exception_ptr& failure) noexcept {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (...) {
    note_caught(faults, place);
  }
}

}  // namespace shunt::executor
