#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shunt/site/found.hpp"
#include "shunt/site/namespace.hpp"

namespace shunt::site {

struct LookAroundOptions {
  // Where servers are looked for on the loopback address. Their usual ports: llama.cpp, vLLM, Ollama.
  std::vector<std::uint16_t> ports{8080, 8000, 11434};
  std::string path;                          // of programs, as $PATH
  std::vector<std::string> weight_folders;   // of models and voices that programs need
  std::optional<std::string> whisper_model;  // instead of one that is found
  std::optional<std::string> piper_voice;
  std::chrono::milliseconds within{1'500};  // for all servers, which are asked side by side
};

// Folders where packages and people put models and voices.
[[nodiscard]] std::vector<std::string> usual_weight_folders(const std::string& home);

// Asks ports and looks for programs. Starts nothing, changes nothing, and takes `within` and a moment.
[[nodiscard]] Found look_around(const LookAroundOptions& options);

}  // namespace shunt::site
