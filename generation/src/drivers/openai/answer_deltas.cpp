#include "drivers/openai/answer_deltas.hpp"

#include <utility>

#include "shunt/base/base64.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {

AnswerDeltas::Kind AnswerDeltas::kind_of(const AnswerPiece& piece) {
  if (std::holds_alternative<TextPiece>(piece)) return Kind::kText;
  if (std::holds_alternative<ReasoningPiece>(piece)) return Kind::kReasoning;
  if (std::holds_alternative<RefusalPiece>(piece)) return Kind::kRefusal;
  if (std::holds_alternative<ToolCallPiece>(piece)) return Kind::kCalls;
  if (std::holds_alternative<AudioPiece>(piece)) return Kind::kAudio;
  if (std::holds_alternative<ImagePiece>(piece)) return Kind::kImages;
  return Kind::kNone;
}

Result<void> AnswerDeltas::take(AnswerPieces pieces, std::vector<AnswerDelta>& deltas) {
  Kind kind = Kind::kNone;
  for (AnswerPiece& piece : pieces) {
    const Kind next = kind_of(piece);
    const bool joins = next == Kind::kNone || kind == Kind::kNone || next == kind;
    if (deltas.empty() || !joins) deltas.emplace_back();
    if (next != Kind::kNone) kind = next;
    if (auto taken = put(std::move(piece), deltas.back()); !taken) return taken;
  }
  return {};
}

Result<void> AnswerDeltas::finish(std::vector<AnswerDelta>& deltas) {
  if (base64_.empty()) return {};
  AudioPiece padding;
  padding.data.assign(4 - base64_.size(), '=');
  return put_audio(std::move(padding), deltas.emplace_back().parts);
}

Result<void> AnswerDeltas::put(AnswerPiece piece, AnswerDelta& into) {
  MessageParts& parts = into.parts;
  if (const auto* text = std::get_if<TextPiece>(&piece)) into.text += text->text;
  if (const auto* thought = std::get_if<ReasoningPiece>(&piece)) parts.reasoning += thought->text;
  if (const auto* refusal = std::get_if<RefusalPiece>(&piece)) parts.refusal += refusal->text;
  if (auto* const call = std::get_if<ToolCallPiece>(&piece)) put_call(std::move(*call), parts);
  if (const auto* logprobs = std::get_if<LogprobsPiece>(&piece)) {
    MessageParts more;
    more.logprobs = {logprobs->content, logprobs->refusal};
    append_parts(parts, more);
  }
  if (auto* const image = std::get_if<ImagePiece>(&piece))
    parts.images.push_back({static_cast<std::uint32_t>(images_++), std::move(image->url)});
  if (auto* const audio = std::get_if<AudioPiece>(&piece)) return put_audio(std::move(*audio), parts);
  return {};
}

void AnswerDeltas::put_call(ToolCallPiece piece, MessageParts& into) {
  MessageParts more;
  // A call of which nothing has come yet begins all the same: its place is before this one's.
  for (; calls_.size() < piece.call; calls_.emplace_back())
    more.tool_calls.push_back({.index = static_cast<std::uint32_t>(calls_.size())});
  if (calls_.size() == piece.call) calls_.emplace_back();
  Call& call = calls_[piece.call];
  call.id += piece.id;
  call.name += piece.name;
  ToolCall& told = more.tool_calls.emplace_back(ToolCall{.index = static_cast<std::uint32_t>(piece.call)});
  if (!piece.id.empty()) told.id = call.id;
  if (!piece.name.empty()) told.name = call.name;
  told.type = std::move(piece.type);
  told.arguments = std::move(piece.arguments);
  told.extra = std::move(piece.extra);
  append_parts(into, more);
}

Result<void> AnswerDeltas::put_audio(AudioPiece piece, MessageParts& into) {
  MessageParts more;
  more.audio.id = std::move(piece.id);
  more.audio.format = std::move(piece.format);
  more.audio.transcript = std::move(piece.transcript);
  more.audio.expires_at = piece.expires_at;
  base64_ += piece.data;
  const std::size_t whole = base64_.size() / 4 * 4;
  // Each piece may have been written by itself, and then padding ends it.
  for (std::size_t begin = 0; begin < whole;) {
    const std::size_t padding = base64_.find('=', begin);
    const std::size_t end = padding < whole ? padding / 4 * 4 + 4 : whole;
    auto bytes = parse_base64(std::string_view(base64_).substr(begin, end - begin));
    if (!bytes) {
      return Error{error_code::kUpstreamBroken, "the upstream's audio is no base64", Retryable::kYes};
    }
    more.audio.bytes += *bytes;
    begin = end;
  }
  base64_.erase(0, whole);
  append_parts(into, more);
  return {};
}

}  // namespace shunt::generation::openai
