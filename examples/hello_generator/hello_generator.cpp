// A C++ function as a generator: the whole of what an embedding program needs.
//
//   hello_generator [NAME]
//
// Registers a model of its own, runs one generation through the sync executor and prints its event stream,
// one JSON object a line: what an HTTP client of `shunt serve` would see as server-sent events.
#include <future>
#include <iostream>
#include <memory>
#include <string>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/function_generator.hpp"

namespace {

// The generator. It runs on a thread of its own, so it may block; it looks at the stop token between steps.
shunt::base::Json greet(shunt::generation::GenerationRun& run) {
  const auto& name = run.input().at("name").as_string();
  const std::string words[] = {"Hello, ", std::string(name), "!"};
  double done = 0;
  for (const std::string& word : words) {
    if (run.stop_token().stop_requested()) return nullptr;
    run.delta(word);
    run.progress(++done / std::size(words));
  }
  run.artifact({"greeting.txt", "text/plain", std::make_shared<const std::string>("Hello, on paper\n")});
  return shunt::base::JsonObject{{"words", std::size(words)}};
}

shunt::generation::Model hello_model() {
  // What a request may say: its executor refuses the others, before greet() sees them.
  shunt::generation::InputRule name;
  name.type = shunt::generation::InputRule::Type::kString;
  name.required = true;
  name.max_length = 100;
  name.description = "Whom to greet";
  shunt::generation::Model model;
  model.input_rules = shunt::generation::InputRules::compile({{"name", name}}).value();
  model.name = "hello";
  model.driver = "function";
  model.description = "Greets";
  model.text_field = "name";
  model.generator = shunt::generation::make_function_generator(greet);
  return model;
}

// Prints what there is, then asks to be called again, until the stream has ended. Executor and watch call
// back from their threads; the promise brings the end to main().
class StreamPrinter : public std::enable_shared_from_this<StreamPrinter> {
 public:
  explicit StreamPrinter(std::unique_ptr<shunt::generation::EventWatch> watch) : watch_(std::move(watch)) {}

  void follow(shunt::base::EventLoop& loop, std::shared_ptr<std::promise<bool>> ended) {
    for (const shunt::generation::GenerationEvent& event : watch_->read()) {
      std::string line;
      shunt::generation::append_event_json(line, event);
      std::cout << line << '\n';
      if (event.terminal()) {
        return ended->set_value(std::holds_alternative<shunt::generation::event::Succeeded>(event.payload));
      }
    }
    // on_ready's function is for a short note only: the reading happens on the loop.
    watch_->on_ready([self = shared_from_this(), &loop, ended] {
      loop.post([self, &loop, ended] { self->follow(loop, ended); });
    });
  }

 private:
  const std::unique_ptr<shunt::generation::EventWatch> watch_;
};

using Ended = std::shared_ptr<std::promise<bool>>;

void watch(shunt::executor::GenerationExecutor& executor, const shunt::generation::GenerationId& id,
           Ended ended) {
  executor.watch(id, {}, [ended](shunt::base::Result<shunt::executor::WatchOutcome> outcome) {
    auto stream = std::get<std::unique_ptr<shunt::generation::EventWatch>>(std::move(outcome).value());
    std::make_shared<StreamPrinter>(std::move(stream))->follow(*shunt::base::EventLoop::current(), ended);
  });
}

// Executors are called on event loop threads.
void submit(shunt::executor::GenerationExecutor& executor, const std::string& name, Ended ended) {
  shunt::generation::GenerationRequest request;
  request.model = "hello";
  request.input = shunt::base::JsonObject{{"name", name}};
  executor.submit(std::move(request), [&executor, ended](shunt::executor::SubmitOutcome outcome) {
    if (const auto* accepted = std::get_if<shunt::executor::Accepted>(&outcome)) {
      return watch(executor, accepted->id, ended);
    }
    if (const auto* refused = std::get_if<shunt::executor::Refused>(&outcome)) {
      std::cerr << "refused: " << refused->error.message << '\n';
    }
    ended->set_value(false);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "world";

  // In this order: what is used outlives what uses it.
  shunt::base::EventLoopThreads loops(1);
  shunt::generation::ModelRegistry models;
  if (auto added = models.add(hello_model()); !added) {
    std::cerr << added.error().message << '\n';
    return 1;
  }
  const auto store = shunt::generation::make_memory_store(shunt::base::system_clock(), {});
  const auto executor = shunt::executor::make_sync_executor(models, *store);

  const auto ended = std::make_shared<std::promise<bool>>();
  loops.pick().post([&executor, name, ended] { submit(*executor, name, ended); });
  const bool succeeded = ended->get_future().get();

  // An executor is drained before it goes.
  std::promise<void> drained;
  loops.pick().post([&executor, &drained] {
    executor->drain(std::chrono::seconds(5), [&drained](auto) { drained.set_value(); });
  });
  drained.get_future().wait();
  return succeeded ? 0 : 1;
}
