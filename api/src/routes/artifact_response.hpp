#pragma once

#include <memory>
#include <string>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/http/byte_range.hpp"
#include "shunt/http/server/task.hpp"

namespace shunt::api {

// Where an artifact's bytes are found, without holding them: they stay as long as their generation does.
struct ArtifactPlace {
  Artifact described;  // without its bytes
  std::size_t size = 0;
  std::weak_ptr<const std::string> bytes;  // where they are in this process

  // nullopt: they were here, and are gone.
  [[nodiscard]] std::optional<Artifact> find() const;
};
[[nodiscard]] ArtifactPlace place_of(const Artifact& artifact);

// The artifact's bytes, or a range of them, as the response; what is wrong, if they cannot be had. What is
// large is read and sent piece by piece, so that a slow reader holds one piece.
[[nodiscard]] http::Task<void> answer_with_bytes(Exchange& exchange, GenerationId id, ArtifactPlace place,
                                                 http::RangeChoice range);

}  // namespace shunt::api
