#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "batches/batch_object.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::batches {

// Where a batch stands in a list: the greatest comes first.
using BatchRank = std::pair<WallTime, std::string>;
[[nodiscard]] BatchRank rank_of(const Batch& batch);

// The newest of the batches that it is offered: a caller may have a thousand, and a page of them is all that
// is held at once. Not thread-safe.
class NewestBatches {
 public:
  explicit NewestBatches(std::size_t most) : most_(most) {}

  void offer(ShownBatch batch);
  // Newest first.
  [[nodiscard]] std::vector<ShownBatch> take();

 private:
  const std::size_t most_;
  std::vector<ShownBatch> heap_;  // the oldest of them in front
};

}  // namespace shunt::api::batches
