#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "awaited_answer.hpp"
#include "counters.hpp"
#include "courier.hpp"
#include "deliveries.hpp"
#include "key_shelf.hpp"
#include "memory_deliveries.hpp"
#include "news_teller.hpp"
#include "payload.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"
#include "shunt/webhooks/webhooks.hpp"
#include "store/outbox.hpp"

namespace shunt::webhooks {

// Waits for the ends of generations and hands a message of each over to the deliveries. What it waits for is
// in the outbox too, where there is one, until it has been handed over: whichever process finds an end there
// makes the same message, whose delivery is there once. Made, used and stopped on the loop's thread, and
// destroyed when that has been joined.
class WebhookService {
 public:
  WebhookService(const WebhooksSurroundings& surroundings, EventLoop& loop, FaultLog& faults,
                 const KeyShelf& keys, Counters& counters);
  ~WebhookService();

  void start();
  bullmq::awaitable<void> attach(Hook hook, std::function<void()> done);
  // Of something else than a generation. Throws where Redis does not take it.
  bullmq::awaitable<Handed> take_message(Message message);
  bullmq::awaitable<Attempt> test(std::string url, std::string caller);
  [[nodiscard]] Deliveries& deliveries() noexcept { return *deliveries_; }
  bullmq::awaitable<void> stop(std::chrono::milliseconds grace);

  // Runs a coroutine that nobody waits for. What it lets out is a fault.
  void launch(bullmq::awaitable<void> work);
  [[nodiscard]] const std::shared_ptr<LoopGate>& gate() const noexcept { return gate_; }

 private:
  // A generation of this process whose end is waited for.
  struct Waiting {
    Hook hook;
    bool in_outbox = false;
    std::shared_ptr<EventWatch> watch{};
    std::shared_ptr<NewsTeller> news{};
    bool settling = false;  // its end is being looked at
  };

  bullmq::awaitable<void> watch(GenerationId id);
  void tell_news(GenerationId id, Waiting& waiting);
  bullmq::awaitable<Message> make_news(Hook hook, GenerationRecord record, std::string logs,
                                       std::string_view type, std::uint64_t number);
  bullmq::awaitable<void> settle(GenerationId id);
  bullmq::awaitable<std::shared_ptr<const GenerationRecord>> record_of(GenerationId id);
  // What it was asked for; nullopt where that is known no longer.
  bullmq::awaitable<std::optional<GenerationRequest>> request_of(GenerationId id);
  // The message of an ended generation, in the form that its webhook asks for.
  bullmq::awaitable<std::optional<Message>> make_message(Hook hook,
                                                         std::shared_ptr<const GenerationRecord> record,
                                                         std::string logs = {});
  bullmq::awaitable<bool> hand_over(Message message, bool in_outbox);
  void note_lost(const GenerationId& id, std::string_view reason);
  bullmq::awaitable<void> forget(GenerationId id, bool in_outbox);
  void drop(const GenerationId& id);
  bullmq::awaitable<void> look_again();
  bullmq::awaitable<void> look_at_outbox();
  bullmq::awaitable<void> settle_found(Hook hook);

  const WebhookOptions options_;
  const PayloadRules payload_;
  const BodyForms forms_;
  executor::GenerationExecutor& executor_;
  EventLoop& loop_;
  FaultLog& faults_;
  Counters& counters_;
  const Clock& clock_;
  const std::shared_ptr<LoopGate> gate_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<ClosedEndpoints> closed_;
  std::unique_ptr<Courier> courier_;
  std::unique_ptr<MemoryDeliveries> memory_;
  std::unique_ptr<Deliveries> queued_;
  Deliveries* deliveries_ = nullptr;
  std::map<GenerationId, Waiting> waiting_;
  executor::PeriodicDuty looking_;
  bool stopped_ = false;
};

}  // namespace shunt::webhooks
