#include "parts_utf8.hpp"

#include <string>

namespace shunt::executor {
namespace {

void cut(Utf8Stream& stream, std::string& text) {
  if (text.empty()) return;
  std::string whole;
  stream.push(text, [&whole](std::string_view told) { whole = told; });
  text = std::move(whole);
}

void finish_into(Utf8Stream& stream, std::string& text) {
  stream.finish([&text](std::string_view rest) { text = rest; });
}

void make_valid(std::string& text) {
  if (!is_valid_utf8(text)) text = to_valid_utf8(text);
}

}  // namespace

void PartsUtf8::push(MessageParts& piece) {
  cut(reasoning_, piece.reasoning);
  cut(refusal_, piece.refusal);
  cut(transcript_, piece.audio.transcript);
  for (ToolCall& call : piece.tool_calls) {
    make_valid(call.id);
    make_valid(call.type);
    make_valid(call.name);
    // One beyond the bound ends the generation.
    if (call.index < kMaxToolCalls) cut(arguments_[call.index], call.arguments);
  }
  make_valid(piece.audio.id);
  make_valid(piece.audio.format);
  for (Image& image : piece.images) make_valid(image.url);
}

MessageParts PartsUtf8::finish() {
  MessageParts rest;
  finish_into(reasoning_, rest.reasoning);
  finish_into(refusal_, rest.refusal);
  finish_into(transcript_, rest.audio.transcript);
  for (auto& [index, stream] : arguments_) {
    std::string arguments;
    finish_into(stream, arguments);
    if (!arguments.empty()) rest.tool_calls.push_back({.index = index, .arguments = std::move(arguments)});
  }
  return rest;
}

}  // namespace shunt::executor
