#include "drivers/call_input.hpp"

#include <utility>

#include "drivers/driver_memory.hpp"
#include "drivers/no_file_source.hpp"

namespace shunt::generation {
namespace {

// The texts of the files, and the JSON that they become part of.
constexpr std::size_t kCopies = 2;

struct Making {
  std::shared_ptr<GenerationRun> run;
  DriverMemory memory;
  MakeCallInput make;
  std::function<void(std::shared_ptr<GenerationRun>, CallInput)> then;
  Result<Json> made;
  EventLoop& loop;
  std::size_t bytes;
};

// On the loop: the run may end the generator whose thread made the input.
void made(Making& making) {
  const auto run = std::move(making.run);
  making.memory.release();
  if (run->stop_token().stop_requested()) return run->stopped();
  if (!making.made) return run->fail(std::move(making.made).error());
  making.then(run, {std::make_shared<const Json>(std::move(*making.made)), making.bytes});
}

}  // namespace

void with_call_input(FileWork& work, FileSource* source, std::shared_ptr<GenerationRun> run, EventLoop& loop,
                     std::size_t bytes, MakeCallInput make,
                     std::function<void(std::shared_ptr<GenerationRun>, CallInput)> then) {
  const GenerationRequest& request = run->envelope().request;
  if (request.files.empty()) {
    const std::shared_ptr<const Json> input(run, &run->input());
    return then(std::move(run), {input, 0});
  }
  if (source == nullptr) return run->fail(no_file_source());
  auto making = std::make_shared<Making>(
      Making{run, DriverMemory(run->memory()), std::move(make), std::move(then), Json(), loop, bytes});
  if (!making->memory.hold(kCopies * bytes)) return run->fail(driver_overload());
  run.reset();
  work.post([source, making = std::move(making)]() mutable {
    making->made = making->make(*source, making->run->envelope().request, making->run->stop_token());
    EventLoop& to = making->loop;
    to.post([making = std::move(making)] { made(*making); });
  });
}

}  // namespace shunt::generation
