#pragma once

#include <optional>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// What becomes of a generation when nobody can tell whether its work was done: the model's choice, taken when
// the generation is admitted and written into its envelope (docs/delivery.md).
//   kRerun  at least once: it runs again, and may be billed again.
//   kFail   at most once: it ends as failed, and never runs again.
enum class OnLost { kRerun, kFail };

[[nodiscard]] std::string_view on_lost_name(OnLost on_lost) noexcept;  // "rerun"
[[nodiscard]] std::optional<OnLost> parse_on_lost(std::string_view name) noexcept;

// What went wrong on a generation's way, as far as whoever decides can prove it.
enum class Setback {
  kSubmitRefused,    // the queue has not taken it
  kSubmitUnknown,    // whether the queue has taken it is not known, nor is its claim won
  kLostBeforeBegin,  // its worker fetched the job and has not begun: its record has no attempt
  kLost,             // its record has an attempt without an end; also when the answer to a begin was lost
  kGivenBack,        // its worker stops over it
  kNotConnected,     // the upstream refused the connection, has no such name, or TLS failed
  kNotWritten,       // the connection broke before the request's last byte was written
  kRateLimited,      // 429
  kLoading,          // 503, because the model loads
  kWritten,          // the request was written, and no answer came, or not all of it
  kAnswered,         // any other bad status: who knows what was done before
  kFailed,           // the generator began, and ended it with an error
};

// Whether it may be run (again) after that, by whoever would be next: a retry, another upstream, another
// worker, the other executor. Under kFail only where the work cannot have begun. What is not known to have
// been submitted is run again under neither: its claim decides. Pure.
[[nodiscard]] bool may_run_again(OnLost on_lost, Setback setback) noexcept;

}  // namespace shunt::generation
