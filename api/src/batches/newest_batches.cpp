#include "batches/newest_batches.hpp"

#include <algorithm>

namespace shunt::api::batches {
namespace {

bool is_newer(const ShownBatch& a, const ShownBatch& b) {
  return rank_of(a.batch) > rank_of(b.batch);
}

}  // namespace

BatchRank rank_of(const Batch& batch) {
  return {batch.created_at, batch.id};
}

void NewestBatches::offer(ShownBatch batch) {
  heap_.push_back(std::move(batch));
  std::ranges::push_heap(heap_, is_newer);
  if (heap_.size() <= most_) return;
  std::ranges::pop_heap(heap_, is_newer);
  heap_.pop_back();
}

std::vector<ShownBatch> NewestBatches::take() {
  std::ranges::sort_heap(heap_, is_newer);
  return std::exchange(heap_, {});
}

}  // namespace shunt::api::batches
