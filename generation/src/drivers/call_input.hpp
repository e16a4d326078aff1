#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>

#include "shunt/base/event_loop.hpp"
#include "shunt/base/file_work.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// What a driver that calls a server sends as the input of a generation.
struct CallInput {
  std::shared_ptr<const Json> json;
  std::size_t bytes = 0;  // that it holds beside the envelope's input: its files, as text
};

// Makes the input of a generation that has files. On a thread that may wait.
using MakeCallInput =
    std::function<Result<Json>(FileSource& source, const GenerationRequest& request, std::stop_token stop)>;

// Calls `then` with the run's input: at once without files, else with what `make` makes of them, later, on
// `loop`; `bytes` is how much text that adds. Ends the run itself where it is stopped meanwhile, or where
// there is no source or no memory for the files, or `make` fails. On the loop's thread. `work` is the
// generator's, and ends with it.
void with_call_input(FileWork& work, FileSource* source, std::shared_ptr<GenerationRun> run, EventLoop& loop,
                     std::size_t bytes, MakeCallInput make,
                     std::function<void(std::shared_ptr<GenerationRun>, CallInput)> then);

}  // namespace shunt::generation
