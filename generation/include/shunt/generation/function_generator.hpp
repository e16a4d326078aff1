#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// A blocking C++ function as a generator: it runs on a pool of `threads` threads that the generator owns. The
// function's return value is the result; throwing an std::exception fails the generation with
// `generator_failed` and what(); return after run.stop_token() was requested ends it as stopped.
using GenerateFunction = std::function<Json(GenerationRun& run)>;
[[nodiscard]] std::unique_ptr<Generator> make_function_generator(GenerateFunction function,
                                                                 std::size_t threads = 1);

}  // namespace shunt::generation
