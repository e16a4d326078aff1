#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// A named binary result. The bytes are shared and immutable, so that records, watchers and responses can hold
// them without a copy.
struct Artifact {
  std::string name;        // "audio.wav": 1 to 128 of [A-Za-z0-9._-], not starting with a dot
  std::string media_type;  // "audio/wav"
  std::shared_ptr<const std::string> bytes;
  // Where an artifact lies in an artifact store, and how large it is; its bytes may not be here.
  std::string sha256{};
  std::size_t stored_size = 0;

  // The bytes that are here: empty where there are none, never null.
  [[nodiscard]] std::shared_ptr<const std::string> contents() const;
  // Exactly a part of the bytes that are here, shared if it is all of them.
  [[nodiscard]] Result<std::shared_ptr<const std::string>> part(std::size_t offset, std::size_t length) const;
  [[nodiscard]] std::size_t size() const noexcept { return bytes ? bytes->size() : stored_size; }
};

[[nodiscard]] bool is_valid_artifact_name(const std::string& name) noexcept;

}  // namespace shunt::generation
