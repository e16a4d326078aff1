#pragma once

#include <memory>

#include "drivers/command/command_model.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// What a model with `keep` cannot have: an argument that depends on the request, since the program is started
// before there is one, and whatever else speaks of one program a generation. Errors name the option. Pure.
[[nodiscard]] Result<void> check_kept(const CommandOptions& options, const ArgvTemplate& argv);

// A generator of `keep` programs that stay. Destroy it while the loops run, so that its programs can end by
// themselves; it waits for them.
[[nodiscard]] std::unique_ptr<Generator> make_kept_generator(std::shared_ptr<const CommandModel> model,
                                                             EventLoopThreads& loops);

}  // namespace shunt::generation::command
