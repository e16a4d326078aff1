#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/namespace.hpp"

// Files that a chat's messages name by their ids, as OpenAI's clients do. The part stays in the message as it
// is; what the id stands for is in GenerationRequest::files, by the id.
namespace shunt::generation {

// A part {"type": "file", "file": {"file_id"}} or {"type": "image_url", "image_url": {"file_id"}} of
// input.messages[message].content[part].
struct MessageFile {
  enum class Kind { kFile, kImage };
  std::string id{};  // is_file_id
  Kind kind = Kind::kFile;
  std::size_t message = 0;
  std::size_t part = 0;

  // "/input/messages/0/content/1/file/file_id"
  [[nodiscard]] std::string pointer() const;
};

// In the order in which they stand there. Whatever else is in the input is passed over: it is for others to
// judge. Fails with `invalid_input` and the part as a pointer where a file_id can be none of a file here, or
// where the part has the bytes as well. Pure.
[[nodiscard]] Result<std::vector<MessageFile>> message_files(const Json& input);

// The object of the part that names the file: input.messages[message].content[part].file. Precondition:
// message_files(input) has told of it.
[[nodiscard]] JsonObject& named_in(Json& input, const MessageFile& named);

// That a part names a file which is not there, or not the caller's.
[[nodiscard]] Error unknown_message_file(const std::string& pointer, const std::string& id);

}  // namespace shunt::generation
