#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// One of a model's servers, as the choice sees it.
struct UpstreamCandidate {
  std::size_t weight = 1;      // 0 = only where no other is left
  std::size_t running = 0;     // attempts under way
  std::uint64_t identity = 0;  // stable_hash of its name
  bool admits = true;          // its breaker's word
  bool tried = false;          // this generation has asked it since it last waited
};

// The same on every machine and in every version: a place of a prompt cache outlives the process.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text) noexcept;

// Whether a server whose breaker is open may be asked where no other is left: yes for a generation that has
// asked nobody, since a guess of ours refuses no one.
enum class LastResort { kYes, kNo };

// The server for the next attempt, or nothing where all have been tried. With `sticky`, the hash of what
// equal requests have in common, it is the one of the highest rendezvous score: a server that is lost moves
// only its own requests, and its weight is its share of them. Without it, it is the least busy one for its
// weight, and among equals one at random, by weight: `draw` is in [0, 1). Pure.
[[nodiscard]] std::optional<std::size_t> choose_upstream(std::span<const UpstreamCandidate> candidates,
                                                         std::optional<std::uint64_t> sticky, double draw,
                                                         LastResort last_resort);

}  // namespace shunt::generation::openai
