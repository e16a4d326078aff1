#include "drivers/openai/whole_body.hpp"

#include <utility>

#include "drivers/openai/answer_form.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {

WholeBodyReader::WholeBodyReader(std::string_view content_type, const Quoting& quoting, MemoryBudget& memory)
    : media_type_(media_type_of(content_type)), quoting_(quoting), memory_(memory) {}

Result<void> WholeBodyReader::feed(std::string_view bytes, AnswerPieces&) {
  if (!memory_.append(body_, bytes)) return driver_overload();
  return {};
}

Result<void> WholeBodyReader::end(Ending ending, AnswerPieces&) {
  if (ending == Ending::kCut || whole_) return {};
  held_ = body_.capacity();
  if (auto taken = read(std::exchange(body_, {})); !taken) return taken;
  whole_ = true;
  return {};
}

Result<Json> WholeBodyReader::read_object(std::string_view body) {
  if (!hold(json_parse_memory(body))) return driver_overload();
  auto document = parse_json(body);
  if (!document) return broken("cannot be read as JSON (" + document.error().message + ')', body);
  if (auto error = error_in_answer(*document, quoting_.secrets)) return *std::move(error);
  if (!document->is_object()) {
    return broken("is " + std::string(json_kind_name(*document)) + " and no object", body);
  }
  return document;
}

Error WholeBodyReader::broken(std::string what, std::string_view body) const {
  Error error{error_code::kUpstreamBroken, "the upstream's answer " + std::move(what), Retryable::kYes};
  return std::move(error).with("body_excerpt", excerpt(body, quoting_));
}

}  // namespace shunt::generation::openai
