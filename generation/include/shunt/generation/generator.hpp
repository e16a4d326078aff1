#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "shunt/base/json.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/message_parts.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// One generation as its generator sees it: the decoded request, a sink for events, a stop token. Made by an
// executor. Every function may be called from any thread; calls after the end are ignored. When the last
// reference goes without an end, the generation fails with `generator_vanished`.
class GenerationRun {
 public:
  virtual ~GenerationRun() = default;

  [[nodiscard]] virtual const Envelope& envelope() const noexcept = 0;
  [[nodiscard]] const Json& input() const noexcept { return envelope().request.input; }

  // Requested on cancel, deadline, broken output limits and shutdown. A generator that notices stops its work
  // and calls stopped(); the executor knows why and writes the right end. Callbacks (std::stop_callback) run
  // on the thread that requests the stop: keep them short, post to your own loop.
  [[nodiscard]] virtual std::stop_token stop_token() const noexcept = 0;

  // Where a driver reserves what it holds of a program's or an upstream's output (MemoryShare::kDrivers)
  // before it hands it on, and fails with `overloaded` what does not fit. Outlives the run.
  [[nodiscard]] virtual MemoryBudget& memory() const noexcept { return MemoryBudget::unlimited(); }

  // Any bytes: what is not UTF-8 is replaced by U+FFFD; a sequence cut by the end of `text` waits for the
  // next delta. So a program's output may be passed on as it comes.
  virtual void delta(std::string_view text) = 0;
  // Text together with what is said beside it at the same time: one event, as long as it is not too large to
  // travel. Its texts are treated as `text` is, each kind by itself. A tool call or an image has the index of
  // one that is there already or the next one; another index, or JSON that is none of ours (check_json),
  // fails the generation with `invalid_output`.
  virtual void delta(std::string_view text, MessageParts parts) = 0;
  virtual void progress(double fraction, std::string_view message = {}) = 0;
  virtual void log(std::string_view level, std::string_view message) = 0;
  virtual void artifact(Artifact artifact) = 0;

  // The end: exactly one of these.
  virtual void succeed(Json result = nullptr) = 0;
  virtual void fail(Error error) = 0;
  virtual void stopped() = 0;
};

// Runs generations of one model. start() is called on an event loop thread (EventLoop::current() is set) and
// must return soon: longer work goes to timers, sockets or a thread pool (make_function_generator). start()
// may end the run before it returns. Concurrent calls from several threads happen. A generator outlives its
// runs; its destructor may rely on every run having ended.
class Generator {
 public:
  virtual ~Generator() = default;

  // Checks an input before anything is admitted, so that a bad request is refused, not failed. Errors carry
  // `invalid_input` and the field as a JSON pointer below /input. Pure.
  [[nodiscard]] virtual Result<void> check_input(const Json& input) const {
    (void)input;
    return {};
  }

  // Whether messages of the input may name files by their ids (message_files.hpp).
  [[nodiscard]] virtual bool takes_message_files() const noexcept { return false; }
  // Checks the files that messages name against what the generation has been given, before anything is
  // admitted; likewise.
  [[nodiscard]] virtual Result<void> check_message_files(const Json& input, const InputFiles& files) const {
    (void)input;
    (void)files;
    return {};
  }

  virtual void start(std::shared_ptr<GenerationRun> run) = 0;
};

}  // namespace shunt::generation
