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

// Asks `first` and, where that does not know the generation, `second`: `ask` is given an executor and what to
// do with its answer. One that cannot look does not keep the other from being asked; that nobody knows the
// generation is said only where both could look. Both outlive the answer.
template <typename Outcome, typename Ask>
void ask_both(executor::GenerationExecutor& first, executor::GenerationExecutor& second, const Ask& ask,
              std::function<void(Result<Outcome>)> done) {
  const auto knows = [](const Result<Outcome>& answer) {
    return answer && !std::holds_alternative<GenerationUnknown>(*answer);
  };
  ask(first, [&second, ask, knows, done = std::move(done)](Result<Outcome> answer) mutable {
    if (knows(answer)) return done(std::move(answer));
    std::optional<Error> trouble;
    if (!answer) trouble = std::move(answer).error();
    ask(second, [knows, done = std::move(done), trouble = std::move(trouble)](Result<Outcome> other) {
      if (!knows(other) && other && trouble) return done(*trouble);
      done(std::move(other));
    });
  });
}

}  // namespace shunt::flip
