#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "admission/live_settings.hpp"
#include "batches/batch_line.hpp"
#include "batches/line_result.hpp"
#include "batches/on_loop.hpp"
#include "dialects/dialect.hpp"
#include "representation/url_signer.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/model_registry.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::api::batches {

// What running batches needs. Outlives all of them.
struct RunContext {
  executor::GenerationExecutor& executor;
  const ModelRegistry& models;
  const LiveSettingsSource& live;
  const UrlSigner& urls;
  FileStore& files;
  MemoryBudget& memory;
  EventLoop& loop;                 // all that is below happens on its thread
  std::shared_ptr<LoopGate> back;  // for whoever answers elsewhere
  webhooks::Webhooks* webhooks;    // nullptr: none are sent
  bool local = false;              // a generation dies with its process, and nobody knows of it afterwards
};

// The process goes before the line has ended: it is run by the next one.
struct LineAbandoned {};
using LineEnd = std::variant<LineResult, LineAbandoned>;

// Who runs a line, and as what.
struct LineOf {
  std::string batch_id;
  std::string caller;
  std::string endpoint;
  WallTime expires_at{};  // of the batch: its lines begin by then
};

// A line that is to be run, as its text: decoded it is much more, and it may wait for hours.
struct HeldLine {
  FileLine line;
  std::string custom_id;
  MemoryReservation memory;  // of the text
};

// One line, from its call to the answer that goes into a file. A line that was begun by an earlier process
// joins the generation of that one, as its idempotency key is made of batch and line. On the loop's thread.
class LineRun : public std::enable_shared_from_this<LineRun> {
 public:
  // Before the generation of a model that is run once is submitted; false: an earlier process may have begun
  // it, and nobody knows what became of it.
  using MayBegin = std::function<bool(std::uint64_t line)>;
  // `done` is called once, never inside begin().
  LineRun(const RunContext& context, const LineOf& of, HeldLine held, MayBegin may_begin,
          std::function<void(LineEnd)> done);

  void begin();
  // The line ends with this error, soon. Once.
  void cancel(std::string code, std::string message);
  // The process stops: ends of generations that are cut short now are not results.
  void process_stops() noexcept { stopping_ = true; }
  // Whether it was refused, as its model, its caller or the memory has enough, and has not asked again since.
  [[nodiscard]] bool waits_for_room() const noexcept { return waits_for_room_ && timer_.pending(); }
  // There may be room for one that waits for it.
  void ask_again();
  // Nobody waits for it any more: `done` is not called. Its generation goes on.
  void drop();

 private:
  struct Stop {
    std::string code;
    std::string message;
  };

  void read();
  [[nodiscard]] bool reserve_decoding();
  [[nodiscard]] bool reserve(std::string_view what, std::size_t more);
  void look_earlier(GenerationId id);
  void plan(const GenerationRecord* record, const GenerationRequest* request);
  void take_files();
  [[nodiscard]] FileUse use_of_files() const;
  void begin_generation();
  void submit();
  void take(executor::SubmitOutcome outcome);
  void take_refused(const executor::Refused& refused);
  void take_accepted(executor::Accepted& accepted);
  void wait_for_room(std::chrono::milliseconds wait);
  void try_again_after(std::chrono::milliseconds wait);
  void forget_decoded();
  void watch(std::unique_ptr<EventWatch> watch);
  void take_watch(Result<executor::WatchOutcome> outcome);
  void wait_for_end();
  void ended();
  [[nodiscard]] bool begins_anew(const GenerationRecord& record);
  void load_artifacts();
  void answer();
  void answer_error(const Error& error);
  void end(LineEnd end);
  void end_stopped();

  template <typename T>
  [[nodiscard]] std::function<void(T)> answered(void (LineRun::*next)(T)) {
    return on_loop<T>(context_.back, [self = shared_from_this(), next](T value) {
      if (self->done_) (self.get()->*next)(std::move(value));
    });
  }

  const RunContext& context_;
  const LineOf& of_;
  HeldLine held_;
  MemoryReservation decoding_;  // from when it is decoded until the executor has it
  JsonObject body_;             // until it is planned
  const MayBegin may_begin_;
  bool may_begin_asked_ = false;
  std::function<void(LineEnd)> done_;  // empty once it has ended
  std::optional<dialects::Call> call_;
  std::optional<GenerationRecord> earlier_;
  std::optional<GenerationId> id_;
  bool joined_ = false;
  unsigned attempt_ = 1;
  std::chrono::milliseconds pause_{500};
  std::unique_ptr<EventWatch> watch_;
  std::shared_ptr<const GenerationRecord> record_;
  std::vector<dialects::Bytes> artifacts_;
  std::optional<Stop> stop_;
  bool stopping_ = false;
  bool waits_for_room_ = false;
  Timer timer_;
};

}  // namespace shunt::api::batches
