#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "shunt/base/fault_log.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What an exception from a call of Redis means: a server that is not there or takes no commands now (it is
// full, loading, a replica: health tells of it), or a fault that somebody should look at. Pure.
[[nodiscard]] FaultLog::Kind kind_of_fault(const std::exception& error);

// What an exception says, fit for an answer or a page: Redis' words may be any bytes, of any length.
[[nodiscard]] std::string words_of(const std::exception& error);

// Counts and logs the exception that is being handled: to be called in a catch block, of `...` too.
void note_caught(FaultLog& faults, FaultLog::Source source, std::string_view name) noexcept;
inline void note_caught(FaultLog& faults, std::string_view place) noexcept {
  note_caught(faults, FaultLog::Source::kPlace, place);
}
// In a catch block of one part of a duty: the other parts go on. A server that is away has none for them
// either, so that is thrown on.
void note_part(FaultLog& faults, std::string_view duty);
// The same for one that a coroutine has ended with; nothing when there is none.
void note_ended_with(FaultLog& faults, std::string_view place, const std::exception_ptr& failure) noexcept;

}  // namespace shunt::executor
