#include "drivers/openai/upstream_error.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "drivers/openai/reported_error.hpp"
#include "drivers/openai/upstream_json.hpp"
#include "shunt/base/hex.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/http/sse_reader.hpp"

namespace shunt::generation::openai {
namespace {

// What a server's own words may add to our message.
constexpr std::size_t kMaxQuotedBytes = 512;

// A shorter beginning of a secret at the end of a text is more likely chance, and says nothing.
constexpr std::size_t kMinCutSecret = 4;

std::string lower(std::string_view text) {
  std::string all(text);
  std::ranges::transform(all, all.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return all;
}

// The status that an error without one would have had, by the names that servers give to theirs; 0 if they
// say nothing of it.
int status_by_name(const ReportedError& words) {
  struct Name {
    std::string_view part;
    int status;
  };
  static constexpr std::array<Name, 24> kNames = {
      {{"rate_limit", 429},         {"ratelimit", 429},        {"too_many_requests", 429},
       {"resource_exhausted", 429}, {"throttl", 429},          {"insufficient_quota", 429},
       {"overloaded", 503},         {"unavailable", 503},      {"invalid_request", 400},
       {"invalid_argument", 400},   {"invalidparameter", 400}, {"badrequest", 400},
       {"bad_request", 400},        {"context_length", 400},   {"datainspectionfailed", 400},
       {"content_policy", 400},     {"content_filter", 400},   {"unprocessable", 422},
       {"authentication", 401},     {"invalid_api_key", 401},  {"invalidapikey", 401},
       {"permission", 403},         {"model_not_found", 404},  {"not_found", 404}}};
  const std::string said = lower(words.type) + ' ' + lower(words.code);
  for (const auto& [part, status] : kNames) {
    if (said.find(part) != std::string::npos) return status;
  }
  // MiniMax numbers its errors in its own way, and an account without money is not helped by another attempt.
  return lower(words.message).find("insufficient balance") == std::string::npos ? 0 : 402;
}

Error with_words(Error error, const ReportedError& words, std::span<const std::string> secrets) {
  const Quoting quoting{kMaxQuotedBytes, secrets};
  if (!words.message.empty()) error.message += ": " + excerpt(words.message, quoting);
  if (!words.type.empty()) error = std::move(error).with("upstream_type", excerpt(words.type, quoting));
  if (!words.code.empty()) error = std::move(error).with("upstream_code", excerpt(words.code, quoting));
  return error;
}

Error bare_error(int status, const std::string& answered) {
  if (status == 429)
    return {error_code::kUpstreamRateLimited, answered + " (too many requests)", Retryable::kYes};
  if (status == 408) return {error_code::kUpstreamTimeout, answered + " (request timeout)", Retryable::kYes};
  if (status == 401 || status == 403) {
    return {error_code::kUpstreamRejected, answered + " (check the model's API key)"};
  }
  if (status >= 300 && status < 400) {
    return {error_code::kUpstreamRejected,
            answered + " (a redirect, which is not followed: set base_url to the final address)"};
  }
  if (status >= 400 && status < 500) return {error_code::kUpstreamRejected, answered};
  return {error_code::kUpstreamFailed, answered, Retryable::kYes};
}

Error error_of_report(const ReportedError& words, std::span<const std::string> secrets) {
  const int status = words.status != 0 ? words.status : status_by_name(words);
  return with_words(bare_error(status, "the upstream reported an error in its answer"), words, secrets);
}

// An error's body may be JSON, or an event that holds it.
std::optional<ReportedError> words_of_body(std::string_view body) {
  if (auto read = read_upstream_json(body)) return words_of(read->documents.front());
  http::SseReader reader(body.size() + 1, http::BareJson::kEvent);
  std::vector<http::SseEvent> events;
  if (!reader.feed(body, events)) return std::nullopt;
  reader.finish(events);
  for (const http::SseEvent& event : events) {
    if (auto read = read_upstream_json(event.data)) return words_of(read->documents.front());
  }
  return std::nullopt;
}

// A character as JSON may write it: itself, behind a backslash, or as \\u and four digits.
constexpr std::size_t kLongestEscape = 6;

// How many bytes at the beginning of `text` say `c`; 0: others do. Where the text ends within an escape of
// it, all of them.
std::size_t bytes_that_say(std::string_view text, char c) {
  if (text.front() == c && c != '\\') return 1;
  if (text.front() != '\\') return 0;
  if (text.size() == 1) return 1;
  if (text[1] == c) return 2;
  if (text[1] != 'u') return c == '\\' ? 1 : 0;
  std::array<char, 4> digits{};
  put_hex(digits, static_cast<unsigned char>(c));
  const std::string_view said = text.substr(2, digits.size());
  return lower(said) == std::string_view(digits.data(), said.size()) ? 2 + said.size() : 0;
}

struct SecretMatch {
  std::size_t bytes = 0;    // of the text
  std::size_t matched = 0;  // of the secret
};

// As much of the secret as the text begins with: all of it, or what comes before the text's end.
std::optional<SecretMatch> match_secret(std::string_view text, std::string_view secret) {
  SecretMatch match;
  for (const char c : secret) {
    if (match.bytes == text.size()) break;
    const std::size_t said = bytes_that_say(text.substr(match.bytes), c);
    if (said == 0) return std::nullopt;
    match.bytes += said;
    ++match.matched;
  }
  return match;
}

// Also where the server's JSON has escaped it ("\\/" is usual in PHP). A beginning at the text's end is cut
// off.
void redact(std::string& text, std::string_view secret) {
  constexpr std::string_view kRedacted = "[redacted]";
  if (secret.empty()) return;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != secret.front() && text[at] != '\\') continue;
    const auto match = match_secret(std::string_view(text).substr(at), secret);
    if (!match) continue;
    if (match->matched == secret.size()) {
      text.replace(at, match->bytes, kRedacted);
      at += kRedacted.size() - 1;
    } else if (match->matched >= kMinCutSecret) {
      text.resize(at);
    }
  }
}

}  // namespace

std::string redacted(std::string text, std::span<const std::string> secrets) {
  for (const std::string& secret : secrets) redact(text, secret);
  return text;
}

std::string excerpt(std::string_view text, const Quoting& quoting) {
  // A secret that begins within the excerpt is seen as a whole, before anything is cut.
  const std::size_t max_bytes = quoting.max_bytes;
  std::size_t longest = 0;
  for (const std::string& secret : quoting.secrets)
    longest = std::max(longest, kLongestEscape * secret.size());
  std::string valid =
      to_valid_utf8(redacted(std::string(text.substr(0, max_bytes + longest)), quoting.secrets));
  if (valid.size() > max_bytes)
    valid.resize(utf8_complete_prefix(std::string_view(valid).substr(0, max_bytes)));
  return valid;
}

Error error_for_status(int status, std::string_view body, const Quoting& quoting) {
  const ReportedError words = words_of_body(body).value_or(ReportedError{});
  Error error = with_words(bare_error(status, "the upstream answered " + std::to_string(status)), words,
                           quoting.secrets);
  return std::move(error).with("status", status).with("body_excerpt", excerpt(body, quoting));
}

std::optional<Error> error_in_answer(const Json& document, std::span<const std::string> secrets) {
  const auto report = find_report(document);
  if (!report) return std::nullopt;
  return error_of_report(*report, secrets);
}

Error error_of_event(const Json* document, std::string_view text, std::span<const std::string> secrets) {
  if (document == nullptr) return error_of_report({.message = std::string(text)}, secrets);
  return error_of_report(words_of(*document), secrets);
}

Error error_of_choice(const JsonObject& choice, std::span<const std::string> secrets) {
  const Json* error = choice.if_contains("error");
  ReportedError words = error == nullptr ? ReportedError{} : words_of(*error);
  if (words.message.empty()) words.message = "finish_reason is \"error\"";
  return error_of_report(words, secrets);
}

bool says_model_is_loading(int status, std::string_view body) {
  if (status != 503) return false;
  const auto words = words_of_body(body);
  const std::string said = lower(words && !words->message.empty() ? words->message : std::string(body));
  const auto says = [&](std::string_view part) { return said.find(part) != std::string::npos; };
  // "Failed loading the model" is no promise.
  for (const std::string_view part : {"fail", "error", "unable", "cannot", "could not"}) {
    if (says(part)) return false;
  }
  return says("loading") || says("warming up");
}

}  // namespace shunt::generation::openai
