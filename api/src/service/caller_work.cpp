#include "service/caller_work.hpp"

#include <utility>

namespace shunt::api {

void CallerWork::post(std::string caller, std::function<void()> work) {
  if (caller.empty()) return post(std::move(work));
  {
    const std::lock_guard lock(mutex_);
    turns_.push(std::move(caller), std::move(work));
  }
  threads_.post([this] { run_next(); });
}

// There is one call of this for each piece.
void CallerWork::run_next() {
  std::optional<TurnQueue::Piece> piece;
  {
    const std::lock_guard lock(mutex_);
    piece = turns_.take();
    if (!piece) ++passed_over_;
  }
  if (!piece) return;
  piece->work();
  piece->work = nullptr;  // what it holds goes before the next one begins
  const std::lock_guard lock(mutex_);
  turns_.ended(piece->caller);
  if (passed_over_ == 0) return;
  --passed_over_;
  threads_.post([this] { run_next(); });
}

}  // namespace shunt::api
