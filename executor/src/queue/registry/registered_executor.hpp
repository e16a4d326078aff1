#pragma once

#include <memory>

#include "queue/shared_services.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"
#include "sync_core.hpp"

namespace shunt::executor {

// A sync executor whose generations are registered (ExecutorPair::sync). Before the first submit to `core`.
[[nodiscard]] std::unique_ptr<GenerationExecutor> make_registered_executor(
    std::shared_ptr<SyncCore> core, std::shared_ptr<SharedServices> services);

}  // namespace shunt::executor
