#include <cstdio>
#include <shunt/executor/sync_executor.hpp>
#include <shunt/generation/function_generator.hpp>

int main() {
  shunt::base::EventLoopThreads loops(1);
  shunt::generation::ModelRegistry models;
  shunt::generation::Model model;
  model.name = "hello";
  model.generator = shunt::generation::make_function_generator(
      [](shunt::generation::GenerationRun&) -> shunt::base::Json { return nullptr; });
  if (!models.add(std::move(model))) return 1;
  const auto store = shunt::generation::make_memory_store(shunt::base::system_clock(), {});
  const auto executor = shunt::executor::make_sync_executor(models, *store);
  std::puts(executor->describe().name == "sync" ? "hello from a consumer" : "?");
  return 0;
}
