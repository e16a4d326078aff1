#include <atomic>
#include <iostream>
#include <thread>

#include "artifact_file.hpp"
#include "await_on_loop.hpp"
#include "commands.hpp"
#include "exit_code.hpp"
#include "generation_files.hpp"
#include "generation_input.hpp"
#include "generation_printer.hpp"
#include "make_artifact_store.hpp"
#include "make_flip.hpp"
#include "make_models.hpp"
#include "settings.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shutdown_signals.hpp"
#include "terminal.hpp"
#include "write_all.hpp"

namespace shunt::app {
namespace {

constexpr auto kDrainGrace = std::chrono::milliseconds(0);
// For an executor to reach its Redis; after that it says itself what is wrong.
constexpr auto kConnectWithin = std::chrono::seconds(5);

int refuse(int exit_code, std::string_view message) {
  complain(message);
  return exit_code;
}

Result<const config::ModelConfig*> choose_model(const GenerateOptions& options,
                                                const config::Configuration& configuration) {
  const std::string name = options.model.value_or(configuration.default_model);
  std::string known;
  for (const config::ModelConfig& candidate : configuration.models) {
    if (candidate.model.name == name) return &candidate;
    known.append(known.empty() ? "" : ", ").append(candidate.model.name);
  }
  return Error{error_code::kUnknownModel, "there is no model \"" + name + "\"; there is: " + known};
}

// One generation: executor, stream, end. Everything is called from the main thread. With an artifact store
// the queue is there, and the strategy says whether a worker runs it or this process.
class OneGeneration {
 public:
  OneGeneration(EventLoopThreads& loops, const ModelRegistry& models,
                const config::Configuration& configuration, ArtifactStore* artifacts)
      : loops_(loops) {
    if (artifacts == nullptr) {
      store_ = make_memory_store(system_clock(), configuration.store);
      sync_ = executor::make_sync_executor(models, *store_, {.admission = {"sync", "queue_disabled"}});
      executor_ = sync_.get();
      return;
    }
    flip_ = make_flip({.configuration = configuration,
                       .models = models,
                       .artifacts = *artifacts,
                       .loop = loops.at(0),
                       .store = configuration.store,
                       // Nobody else waits for it.
                       .at_drain = executor::QueueExecutorOptions::AtDrain::kCancel});
    executor_ = flip_->executor.get();
    const auto until = std::chrono::steady_clock::now() + kConnectWithin;
    while (executor_->describe().health != executor::Health::kReady &&
           std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  ~OneGeneration() {
    (void)await_on_loop<executor::DrainReport>(
        loops_, [this](auto done) { executor_->drain(kDrainGrace, std::move(done)); });
  }
  OneGeneration(const OneGeneration&) = delete;
  OneGeneration& operator=(const OneGeneration&) = delete;

  Result<executor::Accepted> submit(const GenerationRequest& request) {
    auto outcome = await_on_loop<executor::SubmitOutcome>(
        loops_, [this, request](auto done) { executor_->submit(request, std::move(done)); });
    if (auto* refused = std::get_if<executor::Refused>(&outcome)) return std::move(refused->error);
    if (auto* unknown = std::get_if<executor::Unknown>(&outcome)) return std::move(unknown->error);
    return std::get<executor::Accepted>(std::move(outcome));
  }

  // An artifact may come as a reference: its bytes are fetched.
  Result<void> complete(GenerationEvent& event) {
    auto* const ready = std::get_if<event::ArtifactReady>(&event.payload);
    if (ready == nullptr) return {};
    auto bytes = await_on_loop<Result<std::shared_ptr<const std::string>>>(
        loops_, [this, ready](auto done) { executor_->load(ready->artifact, std::move(done)); });
    if (!bytes) return std::move(bytes).error();
    ready->artifact.bytes = std::move(*bytes);
    return {};
  }

  // Any thread; the stream tells what became of it.
  void cancel(const GenerationId& id, const std::string& reason) {
    loops_.pick().post([this, id, reason] { executor_->cancel(id, reason, [](auto) {}); });
  }

 private:
  EventLoopThreads& loops_;
  std::unique_ptr<GenerationStore> store_;
  std::unique_ptr<executor::GenerationExecutor> sync_;
  std::unique_ptr<Flip> flip_;
  executor::GenerationExecutor* executor_ = nullptr;  // one of the two
};

void wait_ready(EventWatch& watch) {
  const auto ready = std::make_shared<std::promise<void>>();
  watch.on_ready([ready] { ready->set_value(); });
  ready->get_future().wait();
}

// Prints the stream and returns its last event. A standard output that takes no more ends the generation too,
// and so does an artifact that cannot be fetched.
Result<GenerationEvent> follow(OneGeneration& generation, const GenerationId& id, EventWatch& watch,
                               GenerationPrinter& printer) {
  GenerationEvent last;
  std::optional<Error> problem;
  while (!watch.ended()) {
    wait_ready(watch);
    for (GenerationEvent& event : watch.read()) {
      if (!problem) {
        auto shown = generation.complete(event);
        if (shown) shown = printer.print(event);
        if (!shown) {
          problem = std::move(shown).error();
          generation.cancel(id, "nobody reads the output");
        }
      }
      last = std::move(event);
    }
  }
  if (problem) return std::move(*problem);
  return last;
}

// `head` has seen enough: nothing is wrong, and there is nobody to tell.
int output_failed(const Error& error) {
  return error.code == kBrokenPipe ? kExitBrokenPipe : refuse(kExitFailed, error.message);
}

int report_end(const GenerationEvent& last, GenerationPrinter& printer, int signal) {
  if (std::holds_alternative<event::Succeeded>(last.payload)) {
    const auto finished = printer.finish();
    return finished ? kExitOk : output_failed(finished.error());
  }
  printer.abandon();
  if (const auto* failed = std::get_if<event::Failed>(&last.payload)) {
    return refuse(kExitFailed, "the generation failed: " + log_text(failed->error) + " (" +
                                   failed->error.code.to_string() + ')');
  }
  return refuse(signal == 0 ? kExitFailed : kExitSignalBase + signal, "the generation was cancelled");
}

int run(const GenerationRequest& request, OneGeneration& generation, ShutdownSignals& signals,
        GenerationPrinter& printer) {
  const auto accepted = generation.submit(request);
  // Nothing is wrong with what comes back later as it is.
  if (!accepted) {
    return refuse(accepted.error().is_retryable() ? kExitFailed : kExitUsage,
                  log_text(accepted.error()) + " (" + accepted.error().code.to_string() + ')');
  }
  std::atomic<int> interrupted{0};
  signals.on_first([&generation, &interrupted, cancelled = accepted->id](int signal) {
    interrupted = signal;
    generation.cancel(cancelled, "interrupted");
  });
  const auto last = follow(generation, accepted->id, *accepted->watch, printer);
  signals.stop();
  if (!last) {
    printer.abandon();
    return output_failed(last.error());
  }
  return report_end(*last, printer, interrupted);
}

}  // namespace

int generate(const GenerateOptions& options) {
  const auto loaded = load_settings(options.settings);
  if (!loaded) return refuse(kExitConfiguration, loaded.error().message);
  const config::Configuration& configuration = loaded->configuration;
  // The result is what the person waits for; the life of the process is of no interest.
  log::configure(std::max(configuration.log_level, log::Level::kWarn), configuration.log_format);

  const auto chosen = choose_model(options, configuration);
  if (!chosen) return refuse(kExitUsage, chosen.error().message);
  if (options.output && *options.output != "-") {
    if (const auto writable = check_writable(*options.output); !writable) {
      return refuse(kExitUsage, writable.error().message);
    }
  }
  const std::string name = (*chosen)->model.name;
  auto input = build_input(options, (*chosen)->model);
  if (!input) return refuse(kExitUsage, input.error().message);

  ShutdownSignals signals;  // not earlier: until here Ctrl-C simply ends the process
  EventLoopThreads loops(1);
  ModelRegistry models;
  const auto files = make_file_store(configuration);
  if (!files) return refuse(kExitConfiguration, log_text(files.error()));
  auto model = make_model(**chosen, *loaded, loops, files->get());
  if (!model) return refuse(kExitConfiguration, log_text(model.error()));
  if (const auto added = models.add(std::move(*model)); !added) {
    return refuse(kExitConfiguration, log_text(added.error()));
  }
  GenerationRequest request;
  request.model = name;
  request.input = std::move(*input);
  request.options.timeout = options.timeout;
  auto given = give_files(options, configuration, *models.find(name), files->get());
  if (!given) return refuse(kExitUsage, given.error().message);
  request.files = std::move(*given);
  GenerationPrinter printer({.model = name, .output = options.output, .json = options.json});
  std::unique_ptr<ArtifactStore> artifacts;
  if (configuration.queue_enabled) {
    auto made = make_artifact_store(configuration);
    if (!made) return refuse(kExitConfiguration, log_text(made.error()));
    artifacts = std::move(*made);
  }
  OneGeneration generation(loops, models, configuration, artifacts.get());
  return run(request, generation, signals, printer);
}

}  // namespace shunt::app
