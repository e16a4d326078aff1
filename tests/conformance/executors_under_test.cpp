#include "conformance/executors_under_test.hpp"

#include "shunt/executor/sync_executor.hpp"

namespace shunt::testing {
namespace {

class SyncUnderTest final : public ExecutorUnderTest {
 public:
  explicit SyncUnderTest(const ModelRegistry& models)
      : store_(make_memory_store(system_clock(), {})),
        executor_(executor::make_sync_executor(models, *store_)) {}
  executor::GenerationExecutor& executor() override { return *executor_; }

 private:
  std::unique_ptr<GenerationStore> store_;
  std::unique_ptr<executor::GenerationExecutor> executor_;
};

}  // namespace

std::vector<ExecutorFactory> executors_under_test() {
  return {{"Sync", [](const ModelRegistry& models, EventLoopThreads&) {
             return std::make_unique<SyncUnderTest>(models);
           }}};
}

}  // namespace shunt::testing
