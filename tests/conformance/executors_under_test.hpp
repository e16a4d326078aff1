#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "shunt/base/event_loop.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/generation/model_registry.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// An executor with everything that it needs (a store; for a queue: a server and a worker).
class ExecutorUnderTest {
 public:
  virtual ~ExecutorUnderTest() = default;
  virtual executor::GenerationExecutor& executor() = 0;
};

struct ExecutorFactory {
  std::string name;
  std::function<std::unique_ptr<ExecutorUnderTest>(const ModelRegistry&, EventLoopThreads&)> make;
};

// GoogleTest shows the parameter in its list of tests.
inline void PrintTo(const ExecutorFactory& factory, std::ostream* out) {
  *out << factory.name;
}

[[nodiscard]] std::vector<ExecutorFactory> executors_under_test();

}  // namespace shunt::testing
