#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "batches/batch.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::batches {

// OpenAI's batch object. `cancel_asked`: its caller wants it to end, which whoever runs it may not know yet.
void append_batch_object(std::string& out, const Batch& batch, bool cancel_asked);

// A batch as it is shown.
struct ShownBatch {
  Batch batch;
  bool cancel_asked = false;
};
// OpenAI's list: the first `limit`, and whether there are more.
void append_batch_page(std::string& out, std::span<const ShownBatch> batches, std::size_t limit);

}  // namespace shunt::api::batches
