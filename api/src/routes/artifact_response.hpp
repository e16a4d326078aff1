#pragma once

#include <memory>
#include <string>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/artifact.hpp"
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

// The artifact's bytes as the response (byte_pieces.hpp); what is wrong, if they cannot be had.
[[nodiscard]] http::Task<void> answer_with_bytes(Exchange& exchange, GenerationId id, ArtifactPlace place);

}  // namespace shunt::api
