#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/generation/generation.hpp"
#include "shunt/generation/generator.hpp"
#include "shunt/generation/input_rules.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/generation/on_lost.hpp"
#include "shunt/generation/served_calls.hpp"

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
  // What clients of other APIs may call it for.
  ServedCalls calls;
};

// What an input has that does not say: the defaults of the model's rules. Executors ask before they check it.
void fill_defaults(const Model& model, Json& input);

// Whether messages of its input may name files by their ids (message_files.hpp).
[[nodiscard]] bool takes_message_files(const Model& model) noexcept;

// What input and files must be for this model: its rules, then what its generator wants. Errors carry
// `invalid_input` and the member as a JSON pointer. Executors ask before anything of the generation exists,
// and once more before they run what came out of a queue.
[[nodiscard]] Result<void> check_input(const Model& model, const GenerationRequest& request);

// The models of a registry at one moment, by name. What it gives stays alive with it, whatever the registry
// does meanwhile.
class ModelSnapshot {
 public:
  using Models = std::map<std::string, std::shared_ptr<const Model>, std::less<>>;
  explicit ModelSnapshot(std::shared_ptr<const Models> models) : models_(std::move(models)) {}

  [[nodiscard]] Models::const_iterator begin() const noexcept { return models_->begin(); }
  [[nodiscard]] Models::const_iterator end() const noexcept { return models_->end(); }
  [[nodiscard]] std::size_t size() const noexcept { return models_->size(); }
  // nullptr: there is none of this name.
  [[nodiscard]] std::shared_ptr<const Model> find(std::string_view name) const;

 private:
  std::shared_ptr<const Models> models_;
};

// The models that a process has now. Any thread. A reload puts other models in place of these all at once;
// who has taken a model keeps it, as it was, until it lets go: a generation that was admitted runs to its end
// with the model that it was admitted with.
//
// The generators end with the registry, whoever still has a model then: a generator that holds on to a run
// would otherwise keep itself.
class ModelRegistry {
 public:
  ModelRegistry();
  // Only before it is shared.
  ModelRegistry(ModelRegistry&& other) noexcept;
  ModelRegistry& operator=(ModelRegistry&& other) noexcept;
  ModelRegistry(const ModelRegistry&) = delete;
  ModelRegistry& operator=(const ModelRegistry&) = delete;
  ~ModelRegistry();

  // Fails on an invalid or taken name.
  [[nodiscard]] Result<void> add(Model model);
  // Adds a model of another registry, as the same object.
  [[nodiscard]] Result<void> share(std::shared_ptr<const Model> model);
  // nullptr: there is none of this name.
  [[nodiscard]] std::shared_ptr<const Model> find(std::string_view name) const;
  [[nodiscard]] ModelSnapshot all() const;
  // Has the models of `fresh` from now on, and no others. Those that `fresh` shares with this one go on as if
  // nothing had happened. Tells all followers on the calling thread, before it returns. One call at a time.
  void replace(ModelRegistry fresh);

  // Calls a function after each replace() until it is destroyed, which waits for a call under way. May
  // outlive the registry.
  class Follower {
   public:
    Follower() = default;
    Follower(Follower&& other) noexcept : Follower() { *this = std::move(other); }
    Follower& operator=(Follower&& other) noexcept;
    ~Follower();

   private:
    friend class ModelRegistry;
    struct List;
    std::weak_ptr<List> list_;
    std::uint64_t id_ = 0;
  };
  // `changed` is quick, and neither follows nor lets a follower go.
  [[nodiscard]] Follower follow(std::function<void()> changed) const;

 private:
  struct State;
  void end_generators() noexcept;

  std::unique_ptr<State> state_;  // null once moved from
};

}  // namespace shunt::generation
