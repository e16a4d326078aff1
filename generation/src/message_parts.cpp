#include "shunt/generation/message_parts.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "shunt/base/json_memory.hpp"

namespace shunt::generation {
namespace {

// The latest is the one that most pieces go on with.
template <typename Element>
Element& element_at(std::vector<Element>& elements, std::uint32_t index) {
  const auto found = std::find_if(elements.rbegin(), elements.rend(),
                                  [index](const Element& element) { return element.index == index; });
  return found != elements.rend() ? *found : elements.emplace_back(Element{.index = index});
}

void replace(std::string& text, const std::string& by) {
  if (!by.empty()) text = by;
}

void append(JsonArray& array, const JsonArray& more) {
  array.insert(array.end(), more.begin(), more.end());
}

void append_call(ToolCall& call, const ToolCall& piece) {
  replace(call.id, piece.id);
  replace(call.type, piece.type);
  replace(call.name, piece.name);
  call.arguments += piece.arguments;
  for (const auto& [name, value] : piece.extra) call.extra.insert_or_assign(name, value);
}

void append_audio(Audio& audio, const Audio& piece) {
  replace(audio.id, piece.id);
  replace(audio.format, piece.format);
  audio.bytes += piece.bytes;
  audio.transcript += piece.transcript;
  if (piece.expires_at) audio.expires_at = piece.expires_at;
}

template <typename Element>
const Element* find_at(const std::vector<Element>& elements, std::uint32_t index) {
  const auto found = std::ranges::find(elements, index, &Element::index);
  return found != elements.end() ? &*found : nullptr;
}

// What is new of what is told again.
class Growth {
 public:
  std::string of(const std::string& known, const std::string& whole) {
    if (whole.empty()) return {};
    if (whole.starts_with(known)) return whole.substr(known.size());
    goes_on_ = false;
    return {};
  }
  JsonArray of(const JsonArray& known, const JsonArray& whole) {
    JsonArray rest;
    if (whole.empty()) return rest;
    if (whole.size() < known.size() || !std::equal(known.begin(), known.end(), whole.begin())) {
      goes_on_ = false;
      return rest;
    }
    rest.insert(rest.end(), whole.begin() + static_cast<std::ptrdiff_t>(known.size()), whole.end());
    return rest;
  }
  // nullptr: the call is new.
  void of(const ToolCall* known, const ToolCall& call, MessageParts& piece) {
    if (known == nullptr) return piece.tool_calls.push_back(call);
    ToolCall grown{.index = call.index};
    grown.arguments = of(known->arguments, call.arguments);
    if (call.id != known->id) grown.id = call.id;
    if (call.type != known->type) grown.type = call.type;
    if (call.name != known->name) grown.name = call.name;
    if (call.extra != known->extra) grown.extra = call.extra;
    const bool is_new = !grown.arguments.empty() || !grown.id.empty() || !grown.type.empty() ||
                        !grown.name.empty() || !grown.extra.empty();
    if (is_new) piece.tool_calls.push_back(std::move(grown));
  }
  [[nodiscard]] bool goes_on() const noexcept { return goes_on_; }

 private:
  bool goes_on_ = true;
};

std::size_t json_size(const JsonArray& array) {
  return array.empty() ? 0 : to_json_text(array).size();
}

std::size_t json_size(const JsonObject& object) {
  return object.empty() ? 0 : to_json_text(object).size();
}

std::size_t array_memory(const JsonArray& array) noexcept {
  std::size_t bytes = array.capacity() * sizeof(Json);
  for (const Json& element : array) bytes += json_memory(element);
  return bytes;
}

// Fills pieces up to so many bytes, one after another.
class Splitter {
 public:
  explicit Splitter(std::size_t max_bytes) : max_bytes_(std::max<std::size_t>(max_bytes, 4)) {}

  // `put` appends a part of the text to the piece that is being filled.
  template <typename Put>
  void text(std::string_view text, Put put) {
    while (!text.empty()) {
      if (room() < 4) next();
      const std::string_view part = text.substr(0, std::min(room(), text.size()));
      // A part of a character waits for the rest of it.
      const std::size_t whole = part.size() < text.size() ? utf8_complete_prefix(part) : part.size();
      bytes(part.substr(0, whole == 0 ? part.size() : whole), put);
      text.remove_prefix(whole == 0 ? part.size() : whole);
    }
  }
  template <typename Put>
  void binary(std::string_view bytes_left, Put put) {
    while (!bytes_left.empty()) {
      if (room() == 0) next();
      const std::string_view part = bytes_left.substr(0, std::min(room(), bytes_left.size()));
      bytes(part, put);
      bytes_left.remove_prefix(part.size());
    }
  }
  template <typename Put>
  void elements(const JsonArray& array, Put put) {
    for (const Json& element : array) {
      const std::size_t size = to_json_text(element).size();
      if (size > room() && filled_ > 0) next();
      put(piece(), element);
      filled_ += size;
    }
  }
  // What cannot be cut.
  template <typename Put>
  void whole(std::size_t size, Put put) {
    if (size > room() && filled_ > 0) next();
    put(piece());
    filled_ += size;
  }

  [[nodiscard]] std::vector<MessageParts> take() && { return std::move(pieces_); }

 private:
  [[nodiscard]] std::size_t room() const { return max_bytes_ - std::min(filled_, max_bytes_); }
  MessageParts& piece() { return pieces_.back(); }
  void next() {
    pieces_.emplace_back();
    filled_ = 0;
  }
  template <typename Put>
  void bytes(std::string_view part, Put put) {
    put(piece(), part);
    filled_ += part.size();
  }

  const std::size_t max_bytes_;
  std::vector<MessageParts> pieces_{1};
  std::size_t filled_ = 0;
};

void split_calls(const std::vector<ToolCall>& calls, Splitter& into) {
  for (const ToolCall& call : calls) {
    ToolCall head = call;
    head.arguments.clear();
    into.whole(call.id.size() + call.name.size() + json_size(call.extra),
               [&head](MessageParts& piece) { append_call(element_at(piece.tool_calls, head.index), head); });
    into.text(call.arguments, [index = call.index](MessageParts& piece, std::string_view part) {
      element_at(piece.tool_calls, index).arguments += part;
    });
  }
}

void split_audio(const Audio& audio, Splitter& into) {
  if (audio.empty()) return;
  Audio head = audio;
  head.bytes.clear();
  head.transcript.clear();
  into.whole(audio.id.size() + audio.format.size(),
             [&head](MessageParts& piece) { append_audio(piece.audio, head); });
  into.text(audio.transcript,
            [](MessageParts& piece, std::string_view part) { piece.audio.transcript += part; });
  into.binary(audio.bytes, [](MessageParts& piece, std::string_view part) { piece.audio.bytes += part; });
}

}  // namespace

bool MessageParts::empty() const noexcept {
  return reasoning.empty() && refusal.empty() && tool_calls.empty() && logprobs.empty() && audio.empty() &&
         images.empty() && others.empty();
}

void append_parts(MessageParts& whole, const MessageParts& piece) {
  whole.reasoning += piece.reasoning;
  whole.refusal += piece.refusal;
  for (const ToolCall& call : piece.tool_calls) append_call(element_at(whole.tool_calls, call.index), call);
  append(whole.logprobs.content, piece.logprobs.content);
  append(whole.logprobs.refusal, piece.logprobs.refusal);
  append_audio(whole.audio, piece.audio);
  for (const Image& image : piece.images) element_at(whole.images, image.index).url += image.url;
}

std::optional<MessageParts> growth_of(const MessageParts& known, const MessageParts& whole) {
  Growth growth;
  MessageParts piece;
  piece.reasoning = growth.of(known.reasoning, whole.reasoning);
  piece.refusal = growth.of(known.refusal, whole.refusal);
  for (const ToolCall& call : whole.tool_calls) growth.of(find_at(known.tool_calls, call.index), call, piece);
  piece.logprobs.content = growth.of(known.logprobs.content, whole.logprobs.content);
  piece.logprobs.refusal = growth.of(known.logprobs.refusal, whole.logprobs.refusal);
  piece.audio.bytes = growth.of(known.audio.bytes, whole.audio.bytes);
  piece.audio.transcript = growth.of(known.audio.transcript, whole.audio.transcript);
  if (whole.audio.id != known.audio.id) piece.audio.id = whole.audio.id;
  if (whole.audio.format != known.audio.format) piece.audio.format = whole.audio.format;
  if (whole.audio.expires_at != known.audio.expires_at) piece.audio.expires_at = whole.audio.expires_at;
  for (const Image& image : whole.images) {
    const Image* const before = find_at(known.images, image.index);
    std::string url = growth.of(before != nullptr ? before->url : std::string(), image.url);
    if (before == nullptr || !url.empty()) piece.images.push_back({image.index, std::move(url)});
  }
  if (!growth.goes_on()) return std::nullopt;
  return piece;
}

std::vector<MessageParts> split_parts(MessageParts piece, std::size_t max_bytes) {
  std::vector<MessageParts> pieces;
  if (said_bytes(piece) <= max_bytes) {
    pieces.push_back(std::move(piece));
    return pieces;
  }
  Splitter into(max_bytes);
  into.text(piece.reasoning, [](MessageParts& next, std::string_view part) { next.reasoning += part; });
  into.text(piece.refusal, [](MessageParts& next, std::string_view part) { next.refusal += part; });
  split_calls(piece.tool_calls, into);
  into.elements(piece.logprobs.content,
                [](MessageParts& next, const Json& element) { next.logprobs.content.push_back(element); });
  into.elements(piece.logprobs.refusal,
                [](MessageParts& next, const Json& element) { next.logprobs.refusal.push_back(element); });
  split_audio(piece.audio, into);
  for (const Image& image : piece.images) {
    // An image of which nothing has come yet begins all the same.
    into.whole(0, [index = image.index](MessageParts& next) { element_at(next.images, index); });
    into.text(image.url, [index = image.index](MessageParts& next, std::string_view part) {
      element_at(next.images, index).url += part;
    });
  }
  return std::move(into).take();
}

std::size_t said_bytes(const MessageParts& parts) {
  std::size_t bytes = parts.reasoning.size() + parts.refusal.size();
  for (const ToolCall& call : parts.tool_calls) {
    bytes += call.id.size() + call.type.size() + call.name.size() + call.arguments.size() +
             json_size(call.extra) + sizeof(ToolCall::index);
  }
  bytes += json_size(parts.logprobs.content) + json_size(parts.logprobs.refusal);
  bytes += parts.audio.id.size() + parts.audio.format.size() + parts.audio.bytes.size() +
           parts.audio.transcript.size();
  for (const Image& image : parts.images) bytes += image.url.size() + sizeof(Image::index);
  return bytes + json_size(parts.others);
}

std::size_t parts_memory(const MessageParts& parts) noexcept {
  std::size_t bytes = parts.reasoning.capacity() + parts.refusal.capacity();
  bytes += parts.tool_calls.capacity() * sizeof(ToolCall) + parts.images.capacity() * sizeof(Image);
  for (const ToolCall& call : parts.tool_calls) {
    bytes += call.id.capacity() + call.type.capacity() + call.name.capacity() + call.arguments.capacity() +
             json_memory(call.extra);
  }
  bytes += array_memory(parts.logprobs.content) + array_memory(parts.logprobs.refusal);
  bytes += parts.audio.id.capacity() + parts.audio.format.capacity() + parts.audio.bytes.capacity() +
           parts.audio.transcript.capacity();
  for (const Image& image : parts.images) bytes += image.url.capacity();
  return bytes + json_memory(parts.others);
}

}  // namespace shunt::generation
