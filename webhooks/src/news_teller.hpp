#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bullmq/awaitable.hpp"
#include "courier.hpp"
#include "news_digest.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/loop_gate.hpp"
#include "shunt/generation/event_watch.hpp"
#include "shunt/generation/log_tail.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// Tells what precedes the end of one generation, a message after the other and each once, whatever the
// endpoint says. When the generation has ended and nothing is on its way any more, it says so: what is told
// of the end then comes after everything else. One thread: the loop's.
class NewsTeller : public std::enable_shared_from_this<NewsTeller> {
 public:
  struct Surroundings {
    EventLoop& loop;
    const Clock& clock;
    FaultLog& faults;
    Courier& courier;
    std::shared_ptr<LoopGate> gate;
    // Runs a coroutine that nobody waits for.
    std::function<void(bullmq::awaitable<void>)> launch;
    // Makes the `number`th message, from 1.
    std::function<bullmq::awaitable<Message>(GenerationRecord record, std::string logs, std::string_view type,
                                             std::uint64_t number)>
        make_message;
    // Once, when all has been told.
    std::function<void()> over;
  };
  NewsTeller(News wanted, std::shared_ptr<EventWatch> watch, Surroundings surroundings);

  void start() { hear(); }
  // Sends nothing any more and says nothing.
  void stop() noexcept;
  // The last lines of what was logged.
  [[nodiscard]] const std::string& logs() const noexcept { return logs_.text(); }

 private:
  void hear();
  void listen();
  void consider();
  bullmq::awaitable<void> send();

  const Surroundings around_;
  const std::shared_ptr<EventWatch> watch_;
  NewsDigest digest_;
  LogTail logs_;
  Timer timer_;
  std::uint64_t told_ = 0;
  bool sending_ = false;
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace shunt::webhooks
