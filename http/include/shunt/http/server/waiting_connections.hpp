#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

#include "shunt/base/clock.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

class ClientSocket;

// What a connection waits for while no request of it is under way.
enum class WaitsFor { kNothing, kRequest, kHeader };

// A connection's place in the lists below. What it says belongs to the connection's loop.
struct WaitingPlace : boost::intrusive::list_base_hook<boost::intrusive::tag<class WaitingTag>> {
  WaitsFor waits_for = WaitsFor::kNothing;
  SteadyTime waits_since{};
  // Somebody took it out to close it. From then on it is in no list, and counts as leaving until it has left.
  // Written under the lists' mutex; whoever has left them reads it.
  bool taken = false;
};

// The connections of one loop that may be closed to make room, those that have waited longest first. The
// loop's thread enters and removes them, whoever accepts connections takes one out: a mutex that those two
// share alone.
class WaitingConnections {
 public:
  // No effect on one that waits for the same already: bytes that lead nowhere make nobody younger.
  void enter(WaitingPlace& client, WaitsFor what);
  void remove(WaitingPlace& client);

  // Since when the one that has waited longest has done so.
  [[nodiscard]] std::optional<SteadyTime> oldest(WaitsFor what) const;
  // Takes that one out for good; it is the caller's to close. Empty: there is none.
  [[nodiscard]] std::shared_ptr<ClientSocket> take_oldest(WaitsFor what);

 private:
  using Hook = boost::intrusive::list_base_hook<boost::intrusive::tag<class WaitingTag>>;
  using List = boost::intrusive::list<WaitingPlace, boost::intrusive::base_hook<Hook>,
                                      boost::intrusive::constant_time_size<false>>;

  [[nodiscard]] List& list(WaitsFor what) { return lists_.at(what == WaitsFor::kRequest ? 0 : 1); }
  [[nodiscard]] const List& list(WaitsFor what) const {
    return lists_.at(what == WaitsFor::kRequest ? 0 : 1);
  }

  mutable std::mutex mutex_;
  std::array<List, 2> lists_;
};

}  // namespace shunt::http
