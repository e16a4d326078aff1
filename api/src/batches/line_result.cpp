#include "batches/line_result.hpp"

#include "shunt/base/hex.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::batches {
namespace {

constexpr std::string_view kPrefix = "batch_req_";
constexpr std::size_t kBatchPrefix = 6;  // of "batch_"
constexpr std::size_t kBatchDigits = 24;
constexpr std::size_t kLineDigits = 8;
// So that no number of tokens that somebody makes up overflows a sum.
constexpr std::int64_t kMostTokens = std::int64_t{1} << 35U;

const JsonObject* object_at(const JsonObject& object, std::string_view name) {
  const Json* const value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

std::uint64_t count_at(const JsonObject* object, std::string_view name) {
  const Json* const value = object == nullptr ? nullptr : object->if_contains(name);
  const std::int64_t* const count = value == nullptr ? nullptr : value->if_int64();
  return count == nullptr || *count < 0 || *count > kMostTokens ? 0 : static_cast<std::uint64_t>(*count);
}

}  // namespace

std::string line_id(std::string_view batch_id, std::uint64_t line) {
  return std::string(kPrefix) + std::string(batch_id.substr(kBatchPrefix, kBatchDigits)) +
         hex_number(line, kLineDigits);
}

void append_line_result(std::string& out, std::string_view batch_id, const LineResult& result) {
  JsonObjectWriter line(out);
  line.text("id", line_id(batch_id, result.line));
  line.text("custom_id", result.custom_id);
  if (result.answer) {
    JsonObjectWriter response = line.object("response");
    response.number("status_code", result.answer->status);
    response.text("request_id", result.answer->request_id);
    response.begin("body") += result.answer->body;
    response.close();
    line.begin("error") += "null";
  } else {
    line.begin("response") += "null";
    JsonObjectWriter error = line.object("error");
    error.text("code", result.error_code);
    error.text("message", result.error_message);
    error.close();
  }
  line.close();
  out += '\n';
}

std::optional<RecordedLine> read_recorded_line(std::string_view text, std::string_view batch_id) {
  const auto parsed = parse_json(text);
  const JsonObject* const line = parsed ? parsed->if_object() : nullptr;
  const Json* const id = line == nullptr ? nullptr : line->if_contains("id");
  if (id == nullptr || !id->is_string()) return std::nullopt;
  const std::string_view name = id->get_string();
  if (name.size() < kLineDigits) return std::nullopt;
  const auto number = parse_hex(name.substr(name.size() - kLineDigits));
  if (!number || name != line_id(batch_id, *number)) return std::nullopt;
  RecordedLine recorded{.line = *number, .usage = {}};
  const JsonObject* const response = object_at(*line, "response");
  const Json* const body = response == nullptr ? nullptr : response->if_contains("body");
  if (body != nullptr) recorded.usage = usage_of(*body);
  return recorded;
}

BatchUsage usage_of(const Json& body) {
  const JsonObject* const whole = body.if_object();
  const JsonObject* const usage = whole == nullptr ? nullptr : object_at(*whole, "usage");
  if (usage == nullptr) return {};
  const bool is_response = usage->contains("input_tokens");
  const std::string_view in = is_response ? "input_tokens" : "prompt_tokens";
  const std::string_view out = is_response ? "output_tokens" : "completion_tokens";
  return {.input = count_at(usage, in),
          .cached = count_at(object_at(*usage, std::string(in) + "_details"), "cached_tokens"),
          .output = count_at(usage, out),
          .reasoning = count_at(object_at(*usage, std::string(out) + "_details"), "reasoning_tokens")};
}

}  // namespace shunt::api::batches
