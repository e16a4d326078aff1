#include "drivers/openai/upstream_error.hpp"

#include <algorithm>
#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::openai {
namespace {

// What a server's own words may add to our message.
constexpr std::size_t kMaxQuotedBytes = 512;

// A shorter beginning of a secret at the end of a text is more likely chance, and says nothing.
constexpr std::size_t kMinCutSecret = 4;

struct UpstreamWords {
  std::string message;
  std::string type;
  std::string code;
};

std::string text_of(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : to_json_text(*value);
}

// {"error": {"message", "type", "code"}} is the protocol; {"error": text}, {"message": text} and FastAPI's
// {"detail": ...} are what servers send as well.
UpstreamWords words_of(const Json& document) {
  if (!document.is_object()) return {};
  const JsonObject& object = document.get_object();
  const Json* error = object.if_contains("error");
  if (error != nullptr && error->is_object()) {
    const JsonObject& inner = error->get_object();
    return {text_of(inner, "message"), text_of(inner, "type"), text_of(inner, "code")};
  }
  for (const std::string_view key : {"error", "message", "detail"}) {
    if (std::string text = text_of(object, key); !text.empty()) return {std::move(text), {}, {}};
  }
  return {};
}

Error with_words(Error error, const UpstreamWords& words, std::string_view secret) {
  const Quoting quoting{kMaxQuotedBytes, secret};
  if (!words.message.empty()) error.message += ": " + excerpt(words.message, quoting);
  if (!words.type.empty()) error = std::move(error).with("upstream_type", excerpt(words.type, quoting));
  if (!words.code.empty()) error = std::move(error).with("upstream_code", excerpt(words.code, quoting));
  return error;
}

Error bare_error(int status) {
  const std::string answered = "the upstream answered " + std::to_string(status);
  if (status == 429)
    return {std::string(error_code::kUpstreamRateLimited), answered + " (too many requests)", true};
  if (status == 408)
    return {std::string(error_code::kUpstreamTimeout), answered + " (request timeout)", true};
  if (status == 401 || status == 403) {
    return {std::string(error_code::kUpstreamRejected), answered + " (check the model's API key)"};
  }
  if (status >= 300 && status < 400) {
    return {std::string(error_code::kUpstreamRejected),
            answered + " (a redirect, which is not followed: set base_url to the final address)"};
  }
  if (status >= 400 && status < 500) return {std::string(error_code::kUpstreamRejected), answered};
  return {std::string(error_code::kUpstreamFailed), answered, true};
}

}  // namespace

std::string redacted(std::string text, std::string_view secret) {
  constexpr std::string_view kRedacted = "[redacted]";
  if (secret.empty()) return text;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += kRedacted.size()) {
    text.replace(at, secret.size(), kRedacted);
  }
  for (std::size_t size = std::min(secret.size() - 1, text.size()); size >= kMinCutSecret; --size) {
    if (!text.ends_with(secret.substr(0, size))) continue;
    text.resize(text.size() - size);
    break;
  }
  return text;
}

std::string excerpt(std::string_view text, const Quoting& quoting) {
  // A secret that begins within the excerpt is seen as a whole, before anything is cut.
  const std::size_t max_bytes = quoting.max_bytes;
  std::string valid =
      to_valid_utf8(redacted(std::string(text.substr(0, max_bytes + quoting.secret.size())), quoting.secret));
  if (valid.size() > max_bytes)
    valid.resize(utf8_complete_prefix(std::string_view(valid).substr(0, max_bytes)));
  return valid;
}

Error error_for_status(int status, std::string_view body, const Quoting& quoting) {
  const auto document = parse_json(body);
  Error error =
      with_words(bare_error(status), document ? words_of(*document) : UpstreamWords{}, quoting.secret);
  return std::move(error).with("status", status).with("body_excerpt", excerpt(body, quoting));
}

Error error_in_answer(const Json& document, std::string_view secret) {
  Error error{std::string(error_code::kUpstreamFailed), "the upstream reported an error in its answer", true};
  return with_words(std::move(error), words_of(document), secret);
}

}  // namespace shunt::openai
