#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"

namespace shunt {

// Where artifacts lie between the process that made them and the one that hands them out: by the SHA-256 of
// their bytes, so that storing twice is storing once. Calls block (a disk, a network): make them on a thread
// of your own. Any thread.
class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;

  // Stores the bytes and returns their SHA-256 (64 lower-case hex digits). They are there, whole and durable,
  // when this returns. Fails with `artifact_store_failed`.
  [[nodiscard]] virtual Result<std::string> put(std::string_view bytes) = 0;
  // Fails with `artifact_gone` when they have expired or never were, and with `artifact_store_failed`.
  [[nodiscard]] virtual Result<std::shared_ptr<const std::string>> get(const std::string& sha256) = 0;
  // Removes what was stored, or stored again, longer ago than `age`. Returns how many.
  virtual Result<std::size_t> expire(std::chrono::milliseconds age) = 0;
};

// Files in a folder that all processes share (a local disk, or a network file system between machines). Made
// with its parents when missing. Fails with `artifact_store_failed` when the folder cannot be written to.
[[nodiscard]] Result<std::unique_ptr<ArtifactStore>> make_directory_artifact_store(
    std::filesystem::path folder);

}  // namespace shunt
