#pragma once

#include <boost/intrusive/link_mode.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "redis/command.hpp"
#include "redis/reply.hpp"

namespace bullmq::detail {

// A command on its way, in one of the multiplexer's lists from its call to its completion.
class Pending {
 public:
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  virtual ~Pending() = default;

  // The answer or the failure, to whoever waits. At most once.
  virtual void complete(std::exception_ptr failure, Reply reply) = 0;

  enum class State {
    decided,    // its outcome is known; a cancellation comes too late
    unsent,     // it waits for its turn
    to_resend,  // it was sent once and was not executed, or may be executed twice: it goes out before the
                // unsent
    sent,       // it waits for its answer
    paused,     // the cluster asked to try again in a moment
    elsewhere,  // another node of the cluster executes it
  };
  State state = State::decided;

  Command command;
  std::chrono::steady_clock::time_point deadline;
  // In the order of the calls.
  std::uint64_t sequence = 0;
  // In the order of sending.
  std::uint64_t sent_as = 0;
  std::size_t replies_left = 1;
  // The first error among the replies before the last one: why a transaction was refused.
  std::string first_error;
  // How often Redis did not know its script.
  unsigned unknown_script = 0;
  // How often the connection broke when its answer was the next one due: it may be what breaks it.
  unsigned broke = 0;

  boost::intrusive::list_member_hook<> hook;
  boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>
      deadline_hook;

 protected:
  Pending() = default;
};

using PendingList = boost::intrusive::list<
    Pending, boost::intrusive::member_hook<Pending, boost::intrusive::list_member_hook<>, &Pending::hook>>;
// Commands with the same timeout fall due in the order of their calls, so such a list is sorted by itself.
using DeadlineList = boost::intrusive::list<
    Pending,
    boost::intrusive::member_hook<
        Pending,
        boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
        &Pending::deadline_hook>,
    boost::intrusive::constant_time_size<false>>;

// A command whose outcome is decided. Whoever has it completes it.
struct Completion {
  std::unique_ptr<Pending> pending;
  std::exception_ptr failure;
  Reply reply;
};

}  // namespace bullmq::detail
