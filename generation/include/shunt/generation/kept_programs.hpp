#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "shunt/generation/model_registry.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// How the kept programs of a model stand at one moment.
struct KeptProgramsStatus {
  std::size_t keep = 0;
  bool begun = false;  // false: none was started yet, since nobody has needed one
  std::size_t idle = 0;
  std::size_t busy = 0;
  // All others are starting, ending or waiting to be started again.
  [[nodiscard]] std::size_t ready() const noexcept { return idle + busy; }
  // One of them was ready once, or all have failed to start: whoever waits for a warm model need not wait
  // any longer.
  bool settled = false;
  bool late = false;         // start_late() was called
  std::string failure{};     // why none of them starts; "" otherwise
  std::uint64_t starts = 0;  // of programs
  // How many have ended, by the reason: "exited", "not_started", "never_ready", "broken", "unanswered",
  // "recycled", "closed".
  static constexpr std::size_t kReasons = 7;
  std::array<std::pair<std::string_view, std::uint64_t>, kReasons> ends{};
};

// What a generator whose programs stay has beside generations. Any thread.
class KeptPrograms {
 public:
  virtual ~KeptPrograms() = default;
  // Starts the programs now, not with the first generation. On an event loop's thread or before the loops'
  // threads have work; does nothing the second time.
  virtual void warm() = 0;
  // A process that is ready already goes on being so while they start (a reload has brought them).
  virtual void start_late() = 0;
  [[nodiscard]] virtual KeptProgramsStatus status() const = 0;
};

// nullptr for a model whose generator has none.
[[nodiscard]] KeptPrograms* kept_programs(const Model& model) noexcept;

}  // namespace shunt::generation
