#pragma once

#include <memory>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// kJson: {"text": ...} and whatever else the model has told; the others are the text as it is.
enum class TranscriptForm { kJson, kText, kSrt, kVtt };

[[nodiscard]] std::unique_ptr<Rendering> make_transcript_rendering(TranscriptForm form);

}  // namespace shunt::api::dialects::openai
