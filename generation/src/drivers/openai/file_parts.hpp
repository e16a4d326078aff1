#pragma once

#include <stop_token>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// Whether what messages name by id may be sent: files that the generation has been given, images where an
// image is wanted, and no more than `max_bytes` all together. Errors carry `invalid_input` and the part.
// Pure.
[[nodiscard]] Result<void> check_message_files(const Json& input, const InputFiles& files,
                                               std::size_t max_bytes);

// How much text chat_input_with_files adds. Precondition, here and below: check_message_files holds.
[[nodiscard]] std::size_t chat_file_bytes(const Json& input, const InputFiles& files);

// A chat's input with its files: those that messages name by id in their places, as file_data or as an
// image's url, the others as parts of the last message of the user's: an image as image_url (a
// data: URL), WAV and MP3 as input_audio, everything else as file. Blocks; fails as FileSource::read_all()
// does.
// Precondition: check_chat_input holds of the input.
[[nodiscard]] Result<Json> chat_input_with_files(FileSource& source, const GenerationRequest& request,
                                                 std::stop_token stop);

}  // namespace shunt::generation::openai
