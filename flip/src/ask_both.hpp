#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "shunt/base/result.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Asks `first` and, where that has not got the generation, `second`: `ask` is given an executor and what to
// do with its answer. One that cannot look does not keep the other from being asked; that nobody has the
// generation is said only where both could look. One that is gone from the first, which keeps less and for a
// shorter time, may well be in the second. Both outlive the answer.
template <typename Outcome, typename Ask>
void ask_both(executor::GenerationExecutor& first, executor::GenerationExecutor& second, const Ask& ask,
              std::function<void(Result<Outcome>)> done) {
  const auto has = [](const Result<Outcome>& answer) {
    return answer && !std::holds_alternative<GenerationUnknown>(*answer) &&
           !std::holds_alternative<GenerationGone>(*answer);
  };
  ask(first, [&second, ask, has, done = std::move(done)](Result<Outcome> answer) mutable {
    if (has(answer)) return done(std::move(answer));
    const bool gone = answer && std::holds_alternative<GenerationGone>(*answer);
    std::optional<Error> trouble;
    if (!answer) trouble = std::move(answer).error();
    ask(second, [has, gone, done = std::move(done), trouble = std::move(trouble)](Result<Outcome> other) {
      if (!has(other) && other && trouble) return done(*trouble);
      // That it was there once, one of the two remembers.
      if (gone && other && std::holds_alternative<GenerationUnknown>(*other))
        return done(Outcome(GenerationGone{}));
      done(std::move(other));
    });
  });
}

}  // namespace shunt::flip
