#include "shunt/webhooks/event_filter.hpp"

#include <algorithm>

namespace shunt::webhooks {

std::string_view type_of(Event event) noexcept {
  switch (event) {
    case Event::kSucceeded:
      return "generation.succeeded";
    case Event::kFailed:
      return "generation.failed";
    case Event::kCancelled:
      return "generation.cancelled";
  }
  return {};
}

std::optional<Event> event_named(std::string_view type) noexcept {
  const auto* const found = std::ranges::find(kEvents, type, type_of);
  if (found == kEvents.end()) return std::nullopt;
  return *found;
}

std::optional<Event> event_of(GenerationState state) noexcept {
  switch (state) {
    case GenerationState::kSucceeded:
      return Event::kSucceeded;
    case GenerationState::kFailed:
      return Event::kFailed;
    case GenerationState::kCancelled:
      return Event::kCancelled;
    default:
      return std::nullopt;
  }
}

std::optional<EventFilter> EventFilter::of(const std::vector<std::string>& names) {
  EventFilter filter;
  if (names.empty()) return filter;
  filter.bits_ = 0;
  for (const std::string& name : names) {
    const auto event = event_named(name);
    if (!event) return std::nullopt;
    filter.bits_ = static_cast<std::uint8_t>(filter.bits_ | bit(*event));
  }
  return filter;
}

std::vector<std::string> EventFilter::names() const {
  std::vector<std::string> names;
  for (const Event event : kEvents) {
    if (wants(event)) names.emplace_back(type_of(event));
  }
  return names;
}

}  // namespace shunt::webhooks
