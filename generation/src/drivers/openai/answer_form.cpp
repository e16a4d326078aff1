#include "drivers/openai/answer_form.hpp"

#include <algorithm>

namespace shunt::generation::openai {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Each begins a line of an event stream; ":" alone begins a comment.
constexpr std::string_view kFields[] = {"data:", "event:", "id:", "retry:", ":"};

}  // namespace

std::string media_type_of(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find_first_of("; \t")));
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type;
}

std::string_view without_lead(std::string_view body) {
  for (;;) {
    const std::size_t begin = std::min(body.find_first_not_of(" \t\r\n"), body.size());
    body.remove_prefix(begin);
    if (!body.starts_with(kByteOrderMark)) return body;
    body.remove_prefix(kByteOrderMark.size());
  }
}

std::optional<AnswerForm> form_of(std::string_view body, std::string_view media_type) {
  if (body.empty() || (body.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(body))) {
    return std::nullopt;
  }
  if (body.front() == '{' || body.front() == '[') return AnswerForm::kJson;
  if (media_type == "text/event-stream") return AnswerForm::kEvents;
  for (const std::string_view field : kFields) {
    if (body.starts_with(field)) return AnswerForm::kEvents;
    if (field.starts_with(body)) return std::nullopt;
  }
  const bool json = media_type == "application/json" || media_type.ends_with("+json");
  return json ? AnswerForm::kJson : AnswerForm::kOther;
}

}  // namespace shunt::generation::openai
