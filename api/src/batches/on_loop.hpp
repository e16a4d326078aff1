#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "shunt/api/namespace.hpp"
#include "shunt/base/loop_gate.hpp"

namespace shunt::api::batches {

// A function for an executor that hands its answer to `take` on the loop's thread. T may be move-only.
template <typename T>
[[nodiscard]] std::function<void(T)> on_loop(std::shared_ptr<LoopGate> back, std::function<void(T)> take) {
  return [back = std::move(back), take = std::move(take)](T answer) {
    back->post([take, answer = std::make_shared<T>(std::move(answer))] { take(std::move(*answer)); });
  };
}

}  // namespace shunt::api::batches
