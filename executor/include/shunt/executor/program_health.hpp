#pragma once

#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::executor {

// What kept programs mean for the health of the process that has them: it is not ready until each model's
// have begun, once; and where none of a model's starts, a warning (`programs_not_ready`) says why. Any
// thread; no I/O.
void add_program_health(const ModelRegistry& models, ExecutorDescription& description);

}  // namespace shunt::executor
