#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What has to be looked at, and when: for very many things of which few are due at a time, and which share
// one timer. Things that are gone by then do not come.
template <typename Thing>
class DeadlineQueue {
 public:
  // `sooner` is called whenever next() has become sooner, so that whoever waits for it can wake up.
  void on_sooner(std::function<void(SteadyTime)> sooner) { sooner_ = std::move(sooner); }

  void add(SteadyTime at, const std::shared_ptr<Thing>& thing) {
    const bool first = at < next();
    entries_.push_back({at, thing});
    std::push_heap(entries_.begin(), entries_.end(), later);
    if (first && sooner_) sooner_(at);
  }

  // When the first of them is due, though it may be gone by then; SteadyTime::max() without any.
  [[nodiscard]] SteadyTime next() const noexcept {
    return entries_.empty() ? SteadyTime::max() : entries_.front().at;
  }

  // Takes out what is due. Whoever wants a thing to come again adds it again.
  [[nodiscard]] std::vector<std::shared_ptr<Thing>> take(SteadyTime now) {
    std::vector<std::shared_ptr<Thing>> due;
    while (!entries_.empty() && entries_.front().at <= now) {
      std::pop_heap(entries_.begin(), entries_.end(), later);
      if (auto thing = entries_.back().thing.lock()) due.push_back(std::move(thing));
      entries_.pop_back();
    }
    return due;
  }

 private:
  struct Entry {
    SteadyTime at;
    std::weak_ptr<Thing> thing;
  };
  static bool later(const Entry& a, const Entry& b) { return a.at > b.at; }
  std::vector<Entry> entries_;
  std::function<void(SteadyTime)> sooner_;
};

}  // namespace shunt::executor
