#pragma once

#include <stop_token>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// A chat's input with its files as parts of the last message of the user's: an image as image_url (a data:
// URL), WAV and MP3 as input_audio, everything else as file. Blocks; fails as FileSource::read_all() does.
// Precondition: check_chat_input holds of the input.
[[nodiscard]] Result<Json> chat_input_with_files(FileSource& source, const GenerationRequest& request,
                                                 std::stop_token stop);

}  // namespace shunt::generation::openai
