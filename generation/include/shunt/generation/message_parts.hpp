#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/json_object_reader.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/namespace.hpp"

// What a generator says beside text, as the language models' protocols have it. A delta carries a piece of
// it, a record all pieces put together; both have the same members. docs/deltas.md has their JSON.
namespace shunt::generation {

// A call of a tool. In a piece `arguments` is what follows the arguments so far; the other members come
// whole, and one that comes again takes the place of the one before.
struct ToolCall {
  std::uint32_t index = 0;  // which of the message's calls
  std::string id{};
  std::string type{};       // "custom"; "" = "function"
  std::string name{};       // of the function or the tool
  std::string arguments{};  // a text, as the model wrote it; JSON where the call is of a function
  JsonObject extra{};       // further members of an upstream's own, which may have to go back to it
};

// An element a token. Pieces are appended.
struct Logprobs {
  JsonArray content{};
  JsonArray refusal{};
  [[nodiscard]] bool empty() const noexcept { return content.empty() && refusal.empty(); }
};

// In a piece `bytes` and `transcript` are what follows. In JSON the bytes are base64 in `data`, each piece by
// itself.
struct Audio {
  std::string id{};
  std::string format{};  // "pcm16"
  std::string bytes{};
  std::string transcript{};
  std::optional<std::int64_t> expires_at{};  // seconds since the Unix epoch
  [[nodiscard]] bool empty() const noexcept {
    return id.empty() && format.empty() && bytes.empty() && transcript.empty() && !expires_at;
  }
};

// In a piece `url` is what follows the address so far, which may be a long "data:image/png;base64,...".
struct Image {
  std::uint32_t index = 0;
  std::string url{};
};

struct MessageParts {
  std::string reasoning{};
  std::string refusal{};
  std::vector<ToolCall> tool_calls{};  // in the order in which they began
  Logprobs logprobs{};
  Audio audio{};
  std::vector<Image> images{};
  // Members of a version that is later than this one, in a piece from another process. They are passed on
  // with their delta and are in no whole.
  JsonObject others{};

  [[nodiscard]] bool empty() const noexcept;
};

// Bounds of what a message may have; an index is below its bound.
inline constexpr std::size_t kMaxToolCalls = 1024;
inline constexpr std::size_t kMaxImages = 256;

// Puts the next piece at the end of the whole. A whole and a piece may both be pieces: what comes out is one
// piece that says what both say.
void append_parts(MessageParts& whole, const MessageParts& piece);

// The piece that makes `whole` of what is known: for those who are told the whole again and again. A member
// that `whole` does not have is as it was. Nothing where it does not go on from what is known.
[[nodiscard]] std::optional<MessageParts> growth_of(const MessageParts& known, const MessageParts& whole);

// Cuts a piece so that none has more than about `max_bytes` of what can be cut, which is everything but an
// element of the log probabilities and `extra`. All pieces put together say what it says.
[[nodiscard]] std::vector<MessageParts> split_parts(MessageParts piece, std::size_t max_bytes);

// What counts for a generation's limit: the bytes of its texts, and of its JSON as text.
[[nodiscard]] std::size_t said_bytes(const MessageParts& parts);
// What it holds beside itself, as the allocator gives it.
[[nodiscard]] std::size_t parts_memory(const MessageParts& parts) noexcept;

// Writes the members that are there into the object of a delta or of an output.
void write_parts(JsonObjectWriter& object, const MessageParts& parts);

// Reads the members that an object has of these; what is wrong with one is refused there. `others` stays
// empty, and is for who knows the object's other members.
[[nodiscard]] MessageParts read_parts(JsonObjectReader& members);

}  // namespace shunt::generation
