#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/shadow_compare.hpp"
#include "shunt/generation/generator.hpp"

namespace shunt::flip {

// What runs the copy of a sampled request.
enum class ShadowGenerator {
  kNone,  // the model has no shadow
  kStub,  // answers with what it was asked, and runs nothing: it costs nothing and has no effects
  kReal,  // the model's own generator, within a budget
};

struct ShadowOptions {
  double sample = 0.1;             // the share of requests that is sampled, while the fleet is in shadow
  std::size_t max_in_flight = 32;  // copies of this process; what is beyond is not sampled
  // The most that runs a real generator each minute in this process.
  std::size_t real_per_minute = 6;
  // Of the copies that run a real generator, those that run twice: how much two runs of one request differ by
  // themselves.
  double noise = 0.1;
  bool keep_content = false;  // of mismatches: texts and results, cut, instead of hashes and lengths alone
  struct Model {
    ShadowGenerator generator = ShadowGenerator::kStub;
    ShadowRules rules;
  };
  using Models = std::map<std::string, Model, std::less<>>;
  Models models;  // of others there is no shadow
};

// One end in a kept mismatch.
struct ShadowEnd {
  GenerationState state = GenerationState::kFailed;
  std::string error_code;
  std::size_t bytes = 0;  // of text and result
  std::string sha256;     // of both
  std::string content;    // with keep_content: its beginning
};
struct ShadowMismatch {
  WallTime at{};
  std::string model;
  std::string generation;  // the caller's, which has the sync answer
  ShadowFinding finding;
  ShadowEnd control;
  ShadowEnd candidate;
};
inline constexpr std::size_t kMostMismatches = 1'000;
inline constexpr std::size_t kMostContentBytes = 2'048;

// Since the epoch began.
struct ShadowCounts {
  std::uint64_t epoch = 0;
  std::uint64_t sampled = 0;
  std::array<std::uint64_t, kShadowClasses> compared{};
  std::uint64_t noise_compared = 0;
  std::uint64_t noise_mismatches = 0;
  std::map<std::string, std::uint64_t> dropped;  // by why: "busy", "budget", a code, "control_gone"
  [[nodiscard]] std::uint64_t made() const noexcept;
  [[nodiscard]] std::uint64_t mismatches() const noexcept;
};
struct ShadowReport {
  ShadowCounts counts;
  std::vector<ShadowMismatch> mismatches;  // the latest last; at most kMostMismatches
};

// Sends copies of sampled requests through a queue of their own and compares their ends with those that the
// callers got. A copy has no caller, no key, no metadata, no tenant and no trace, so that it is in nobody's
// usage; what does not fit is dropped and counted, never waited for. Any thread.
class Shadow {
 public:
  using MakeExecutor = std::function<std::unique_ptr<executor::GenerationExecutor>()>;
  // `candidates` makes a queue executor with a prefix of its own, which only workers that serve shadows read;
  // it is called for the first copy, so that a process whose fleet is never in shadow has no connections for
  // it. `controls` runs what callers asked for; it is not owned and outlives the shadow. Ends are compared on
  // `loop`, which runs until drain() has called back.
  Shadow(ShadowOptions options, executor::GenerationExecutor& controls, MakeExecutor candidates,
         EventLoop& loop, const Clock& clock = system_clock());
  ~Shadow();

  // The copy that is to be sent along, if the request is sampled. `draw` is random, from 0 to below 1. Cheap
  // for those that are not.
  [[nodiscard]] std::optional<GenerationRequest> sample(const GenerationRequest& request, double draw) const;
  // Sends it: `control` was accepted for the request that it is a copy of. On a thread that an EventLoop
  // runs.
  void send(GenerationRequest copy, const GenerationId& control, std::uint64_t epoch);

  // What is copied from now on is of these models.
  void use_models(ShadowOptions::Models models);

  // Copies are nobody's: those that have not ended are left. As GenerationExecutor::drain(); before the
  // controls are destroyed.
  void drain(std::function<void(executor::DrainReport)> done);

  // Of this process. Another epoch than the latest has no counts.
  [[nodiscard]] ShadowReport report() const;
  [[nodiscard]] ShadowCounts counts() const;

 private:
  class Core;
  const std::shared_ptr<Core> core_;
};

// The generator of a worker that serves a model's shadow with a stub: succeeds with the fingerprint of the
// request as the worker has decoded it.
[[nodiscard]] std::shared_ptr<Generator> make_shadow_stub();

}  // namespace shunt::flip
