#pragma once

#include <memory>

#include "shunt/base/fault_log.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// A store that does what the given one does, and notes its faults (`file_store_failed`, `storage_full`,
// `artifact_store_failed`): otherwise only the caller whose request ended with one would hear that the disk
// is full or the bucket is away. What expire() fails with is its caller's to note, since that is a duty.
// Thread-safe as the given one is. `faults` is not owned, and outlives the store and its uploads.
[[nodiscard]] std::unique_ptr<FileStore> note_faults(std::unique_ptr<FileStore> store, FaultLog& faults);
[[nodiscard]] std::unique_ptr<ArtifactStore> note_faults(std::unique_ptr<ArtifactStore> store,
                                                         FaultLog& faults);

}  // namespace shunt::generation
