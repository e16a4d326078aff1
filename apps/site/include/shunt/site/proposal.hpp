#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/site/found.hpp"
#include "shunt/site/namespace.hpp"

namespace shunt::site {

enum class ModelUse { kChat, kEmbeddings, kSpeech, kTranscription, kConversion, kRehearsal };
[[nodiscard]] std::string_view model_use_name(ModelUse use) noexcept;  // "chat"

// A table [models.NAME] that a configuration may have.
struct ProposedModel {
  std::string name;
  ModelUse use = ModelUse::kRehearsal;
  // Of a server: where it is, and what it calls the model.
  ServerKind server = ServerKind::kOther;
  std::string base_url;
  std::string upstream_model;
  // Of a program: which, where it lies, and what it needs.
  ProgramKind program = ProgramKind::kEspeak;
  std::string path;
  std::string weights;

  [[nodiscard]] bool is_program() const noexcept { return !path.empty(); }
};
// For people: "qwen2.5 of Ollama at http://127.0.0.1:11434/v1", "/usr/bin/espeak-ng".
[[nodiscard]] std::string origin_of(const ProposedModel& model);

// The models that what was found makes possible, each with a name of its own, the most useful first. Where
// nothing was found, the simulator. Pure.
[[nodiscard]] std::vector<ProposedModel> propose_models(const Found& found);

// Programs that were found and make no model yet: servers that do not run, and what lacks its weights.
[[nodiscard]] std::vector<FoundProgram> programs_that_wait(const Found& found);

// A name for what somebody else calls so: "/srv/Qwen2.5-7B.gguf" becomes "Qwen2.5-7B".
[[nodiscard]] std::string model_name_of(std::string_view foreign);

// --model NAME, NAME=URL or NAME=URL#UPSTREAM: one of the proposed models by its name, or a server that
// nobody has found. Fails with `invalid_argument`, saying what there is.
[[nodiscard]] Result<ProposedModel> wished_model(std::string_view wish,
                                                 const std::vector<ProposedModel>& proposed);

// 127.0.0.1 with the first port from 8080 on that nobody has.
[[nodiscard]] std::string free_listen_address(const Found& found);

}  // namespace shunt::site
