#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api::batches {

// What POST /v1/batches asks for.
struct BatchBody {
  std::string input_file_id;
  std::string endpoint;
  JsonObject metadata;
  std::optional<std::int64_t> output_expires_after_s;
};

// The calls that lines may make.
[[nodiscard]] std::span<const std::string_view> endpoints() noexcept;

// Strict: what is not known or not usable is refused by name. Pure.
[[nodiscard]] Result<BatchBody> read_batch_body(JsonObject body);

}  // namespace shunt::api::batches
