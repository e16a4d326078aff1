#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "batches/batch.hpp"
#include "batches/batch_body.hpp"
#include "batches/batch_folder.hpp"
#include "batches/batch_object.hpp"
#include "shunt/api/http_server.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::api::batches {

// Whose batch it is, and what they may keep.
struct BatchOwner {
  std::string caller;
  FileQuota files;
  std::string idempotency_key{};  // "": none
};

// Makes the batch, from when on it goes on until it has ended, whatever dies; or finds the one that was made
// with the same key. Its input is held, so that the file may be removed. Fails on an input that the caller
// has not or that is none, and as the stores do. Blocks.
[[nodiscard]] Result<ShownBatch> make_batch(FileStore& files, BatchFolder& folder, BatchBody body,
                                            const BatchOwner& owner, const BatchOptions& options,
                                            WallTime now);

// The batch that a POST has made which is sent again, as its client did not hear of it; nullopt: none.
// Blocks.
[[nodiscard]] std::optional<ShownBatch> find_repeated(const BatchFolder& folder, const BatchBody& body,
                                                      std::string_view caller, WallTime now);

}  // namespace shunt::api::batches
