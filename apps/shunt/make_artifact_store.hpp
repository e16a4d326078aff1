#pragma once

#include <filesystem>
#include <memory>

#include "namespace.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::app {

// Where artifacts go that go to a disk; empty when neither configuration nor environment says.
[[nodiscard]] std::filesystem::path artifacts_folder(const config::Configuration& configuration);
// Where callers' files go, or, with a bucket, where uploads lie on their way there; likewise.
[[nodiscard]] std::filesystem::path files_folder(const config::Configuration& configuration);

// The store that the configuration names. Fails with `artifact_store_failed`, and with
// `invalid_configuration` when neither the configuration nor the environment says where files of this kind
// go.
[[nodiscard]] Result<std::unique_ptr<ArtifactStore>> make_artifact_store(
    const config::Configuration& configuration);

// Whether callers' files go into the bucket of artifacts: there is one, and no folder is named for files.
[[nodiscard]] bool files_lie_in_bucket(const config::Configuration& configuration);

// The store of files that the configuration names; nullptr when neither it nor the environment says where
// files go. Touches no disk and asks no server. Fails with `invalid_configuration` where there is a bucket
// and the environment has no keys for it.
[[nodiscard]] Result<std::unique_ptr<FileStore>> make_file_store(const config::Configuration& configuration);

}  // namespace shunt::app
