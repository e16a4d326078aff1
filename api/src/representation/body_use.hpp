#pragma once

#include "shunt/api/namespace.hpp"

namespace shunt::api {

// Forms (multipart/form-data) are taken piece by piece, while they come. kText: a text of any media type.
enum class BodyUse { kNone, kOptional, kRequired, kRequiredOrForm, kForm, kText };
[[nodiscard]] constexpr bool needs_body(BodyUse use) noexcept {
  return use != BodyUse::kNone && use != BodyUse::kOptional && use != BodyUse::kText;
}
[[nodiscard]] constexpr bool takes_form(BodyUse use) noexcept {
  return use == BodyUse::kRequiredOrForm || use == BodyUse::kForm;
}
[[nodiscard]] constexpr bool takes_json(BodyUse use) noexcept {
  return use != BodyUse::kForm;
}

}  // namespace shunt::api
