#pragma once

#include <string>
#include <string_view>

#include "batches/batch.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api::batches {

// The JSON text of a batch as it is stored, and what such a text says. Decoding is strict, since a folder may
// be anybody's: it fails with `file_store_failed`.
[[nodiscard]] std::string encode_batch(const Batch& batch);
[[nodiscard]] Result<Batch> decode_batch(std::string_view text);

}  // namespace shunt::api::batches
