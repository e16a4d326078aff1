#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/generation/generation.hpp"
#include "shunt/generation/generator.hpp"
#include "shunt/generation/input_rules.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/generation/on_lost.hpp"

namespace shunt::generation {

// What happens to a generation whose waiting client has gone. A client that did not wait is never "gone".
enum class OnDisconnect { kCancel, kContinue };

// A model: a name, what runs it, and its limits.
struct Model {
  std::string name;    // 1 to 128 of [A-Za-z0-9._:/-], as in "llama-3.1:8b"
  std::string driver;  // "command", "openai", "simulator", "function": for people
  std::string description;
  std::shared_ptr<Generator> generator;

  std::size_t concurrency = 4;   // running at once in this process
  std::size_t max_waiting = 64;  // admitted and waiting for a slot; beyond: refused with `model_busy`
  std::chrono::milliseconds timeout = std::chrono::minutes(10);  // default and upper bound of a request's
  // After a stop is requested: time to wind down before the generation is ended without the generator's word.
  std::chrono::milliseconds stop_grace = std::chrono::seconds(10);
  OnDisconnect on_disconnect = OnDisconnect::kCancel;
  OnLost on_lost = OnLost::kRerun;  // of the generations that are admitted from now on
  OutputLimits output;
  InputRules input_rules;
  Unlisted unlisted_input = Unlisted::kPass;  // what the rules say of members without one

  // The member of `input` that plain text goes to (`shunt generate "text"`); "" = none.
  std::string text_field;
  // Media types that a generation can produce ("audio/wav"), for content negotiation before it runs. Empty:
  // not known.
  std::vector<std::string> produces;
};

// What an input has that does not say: the defaults of the model's rules. Executors ask before they check it.
void fill_defaults(const Model& model, Json& input);

// What input and files must be for this model: its rules, then what its generator wants. Errors carry
// `invalid_input` and the member as a JSON pointer. Executors ask before anything of the generation exists,
// and once more before they run what came out of a queue.
[[nodiscard]] Result<void> check_input(const Model& model, const GenerationRequest& request);

// The models of this process. Filled at start, then read only: no locks.
class ModelRegistry {
 public:
  // Fails on an invalid or taken name.
  [[nodiscard]] Result<void> add(Model model);
  [[nodiscard]] const Model* find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, Model, std::less<>>& all() const noexcept { return models_; }

 private:
  std::map<std::string, Model, std::less<>> models_;
};

}  // namespace shunt::generation
