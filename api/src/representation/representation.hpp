#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/http/media_type.hpp"

namespace shunt::api {

// What a waiting caller gets.
enum class Representation { kRecord, kEventStream, kArtifact, kText };

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kProblemType = "application/problem+json";
inline constexpr std::string_view kEventStreamType = "text/event-stream";
inline constexpr std::string_view kTextType = "text/plain";

// Decided before the generation runs, so that work for an answer nobody accepts is not started. `produces`:
// the model's media types, empty if it does not say. The best quality wins, then the most exactly named, then
// the order of the enumerators.
[[nodiscard]] std::optional<Representation> choose_representation(const http::AcceptList& accept,
                                                                  const std::vector<std::string>& produces);

// The artifact that fits best; the first of equals. nullptr: none is acceptable.
[[nodiscard]] const Artifact* choose_artifact(const http::AcceptList& accept,
                                              std::span<const Artifact> artifacts);

}  // namespace shunt::api
