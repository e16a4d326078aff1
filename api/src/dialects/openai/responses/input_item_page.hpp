#pragma once

#include <memory>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// GET responses/{id}/input_items: a page of what the model was given, earlier responses included; the last
// comes first unless `order` is asc.
namespace shunt::api::dialects::openai {

[[nodiscard]] Result<endpoint::Show::Wanted> read_page_query(const CallContext& context);
[[nodiscard]] std::unique_ptr<Rendering> make_page_rendering(const CallContext& context, const Stored& stored,
                                                             const endpoint::Show::Wanted& wanted);

}  // namespace shunt::api::dialects::openai
