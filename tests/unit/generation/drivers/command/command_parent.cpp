// Starts a program through the command driver, prints its own process id and the program's, and waits to be
// killed.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/drivers/command.hpp"

int main() {
  using namespace shunt;
  using namespace shunt::base;
  using namespace shunt::generation;
  EventLoopThreads loops(1);
  CommandOptions options;
  options.argv = {"sh", "-c", "echo $$; exec sleep 60"};
  Model model;
  model.name = "m";
  model.generator = make_command_generator(options, loops).value();
  ModelRegistry models;
  if (!models.add(std::move(model))) return 1;
  const auto store = make_memory_store(system_clock(), {});
  const auto executor = executor::make_sync_executor(models, *store);
  loops.at(0).post([&] {
    GenerationRequest request;
    request.model = "m";
    executor->submit(request, [&](const executor::SubmitOutcome& outcome) {
      const GenerationId id = std::get<executor::Accepted>(outcome).id;
      executor->watch(id, {}, [](Result<executor::WatchOutcome> watched) {
        const std::shared_ptr<EventWatch> stream = std::move(std::get<std::unique_ptr<EventWatch>>(*watched));
        auto look = std::make_shared<std::function<void()>>();
        *look = [stream, look] {
          for (const auto& event : stream->read()) {
            if (const auto* delta = std::get_if<event::Delta>(&event.payload)) {
              std::printf("%d %s", static_cast<int>(::getpid()), delta->text.c_str());
              std::fflush(stdout);
            }
          }
          EventLoop::current()->post([stream, look] { stream->on_ready(*look); });
        };
        stream->on_ready(*look);
      });
    });
  });
  for (;;) ::pause();
}
