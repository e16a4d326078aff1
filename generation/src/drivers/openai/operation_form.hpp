#pragma once

#include <stop_token>
#include <string>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// Operations whose request is a form (multipart/form-data) with the files of the generation in it.
[[nodiscard]] constexpr bool sends_form(OpenAiOperation operation) noexcept {
  return operation == OpenAiOperation::kTranscription || operation == OpenAiOperation::kTranslation ||
         operation == OpenAiOperation::kImageEdits;
}

// Whether the files are those that the operation sends. The error is `invalid_input` and names the member.
[[nodiscard]] Result<void> check_operation_files(OpenAiOperation operation, const InputFiles& files);

// The input with the bytes of each file as the text of its member. Blocks; fails as FileSource::read_all().
[[nodiscard]] Result<Json> form_input_with_files(FileSource& source, const GenerationRequest& request,
                                                 std::stop_token stop);

// The form of such an input: `model` first, then each member as a field, and each file as a part with its
// type and name. A list is `name[]` for each element, an object `name[member]`, as OpenAI's own clients write
// them.
[[nodiscard]] std::string form_request_body(const Json& input, const InputFiles& files,
                                            const OpenAiOptions& upstream, const std::string& boundary);

}  // namespace shunt::generation::openai
