#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/generation/generation_event.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// What a webhook can tell of: the ends of a generation, of which each has one.
enum class Event : std::uint8_t { kSucceeded, kFailed, kCancelled };
inline constexpr std::array kEvents{Event::kSucceeded, Event::kFailed, Event::kCancelled};

// "generation.succeeded": the `type` of its message.
[[nodiscard]] std::string_view type_of(Event event) noexcept;
[[nodiscard]] std::optional<Event> event_named(std::string_view type) noexcept;
// nullopt: the generation has not ended.
[[nodiscard]] std::optional<Event> event_of(GenerationState state) noexcept;

// Which events a webhook asks for. By default all.
class EventFilter {
 public:
  EventFilter() = default;
  // No names: all events. nullopt: a name is not known.
  [[nodiscard]] static std::optional<EventFilter> of(const std::vector<std::string>& names);

  [[nodiscard]] static EventFilter none() noexcept {
    EventFilter filter;
    filter.bits_ = 0;
    return filter;
  }

  [[nodiscard]] bool any() const noexcept { return bits_ != 0; }
  [[nodiscard]] bool wants(Event event) const noexcept { return (bits_ & bit(event)) != 0; }
  [[nodiscard]] std::vector<std::string> names() const;
  friend bool operator==(const EventFilter&, const EventFilter&) = default;

 private:
  static constexpr std::uint8_t kAll = 7;
  static constexpr std::uint8_t bit(Event event) noexcept {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(event));
  }
  std::uint8_t bits_ = kAll;
};

}  // namespace shunt::webhooks
