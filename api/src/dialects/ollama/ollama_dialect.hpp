#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// Ollama's API, for its clients: docs/ollama.md.
namespace shunt::api::dialects::ollama {

[[nodiscard]] Dialect dialect();

}  // namespace shunt::api::dialects::ollama
