#include <cstdio>
#include <shunt/executor/sync_executor.hpp>
#include <shunt/generation/function_generator.hpp>

int main() {
  shunt::EventLoopThreads loops(1);
  shunt::ModelRegistry models;
  shunt::Model model;
  model.name = "hello";
  model.generator =
      shunt::make_function_generator([](shunt::GenerationRun&) -> shunt::Json { return nullptr; });
  if (!models.add(std::move(model))) return 1;
  const auto store = shunt::make_memory_store(shunt::system_clock(), {});
  const auto executor = shunt::executor::make_sync_executor(models, *store);
  std::puts(executor->describe().name == "sync" ? "hello from a consumer" : "?");
  return 0;
}
