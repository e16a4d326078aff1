#include "batches/batch_body.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dialects/openai/call_members.hpp"
#include "representation/strict_body.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::api::batches {
namespace {

using dialects::openai::bad_member;
using dialects::openai::take_member;

constexpr std::array<std::string_view, 6> kEndpoints{"/v1/chat/completions",   "/v1/completions",
                                                     "/v1/embeddings",         "/v1/responses",
                                                     "/v1/images/generations", "/v1/images/edits"};
// OpenAI's.
constexpr std::size_t kMostMetadata = 16;
constexpr std::size_t kMaxMetadataName = 64;
constexpr std::size_t kMaxMetadataText = 512;
constexpr std::int64_t kShortestLife = 3600;
constexpr std::int64_t kLongestLife = 2'592'000;

Result<std::string> take_needed(JsonObject& body, std::string_view name) {
  const auto value = take_member(body, name);
  const std::string pointer = '/' + std::string(name);
  if (!value) return bad_member(pointer, "\"" + std::string(name) + "\" is missing");
  if (!value->is_string()) return bad_member(pointer, "\"" + std::string(name) + "\" must be a text");
  return std::string(value->get_string());
}

Result<std::string> take_endpoint(JsonObject& body) {
  auto endpoint = take_needed(body, "endpoint");
  if (!endpoint || std::ranges::find(kEndpoints, *endpoint) != kEndpoints.end()) return endpoint;
  std::string known;
  for (const std::string_view each : kEndpoints) known.append(known.empty() ? "" : ", ").append(each);
  return bad_member("/endpoint", "endpoint must be one of " + known + ", got \"" + excerpt(*endpoint) + '"');
}

Result<JsonObject> take_texts(JsonObject& body) {
  auto value = take_member(body, "metadata");
  if (!value) return JsonObject();
  const Error wrong = bad_member("/metadata",
                                 "metadata must be an object of at most 16 texts of 512 bytes, "
                                 "with names of 64");
  if (!value->is_object() || value->get_object().size() > kMostMetadata) return wrong;
  for (const auto& each : value->get_object()) {
    if (each.key().size() > kMaxMetadataName || !each.value().is_string() ||
        each.value().get_string().size() > kMaxMetadataText) {
      return wrong;
    }
  }
  return std::move(value->get_object());
}

Result<std::optional<std::int64_t>> take_output_life(JsonObject& body) {
  auto value = take_member(body, "output_expires_after");
  if (!value) return std::optional<std::int64_t>();
  JsonObject* const object = value->if_object();
  const Json* const anchor = object == nullptr ? nullptr : object->if_contains("anchor");
  const Json* const seconds = object == nullptr ? nullptr : object->if_contains("seconds");
  const bool usable = anchor != nullptr && anchor->is_string() && anchor->get_string() == "created_at" &&
                      seconds != nullptr && seconds->is_int64() && seconds->get_int64() >= kShortestLife &&
                      seconds->get_int64() <= kLongestLife && object->size() == 2;
  if (usable) return std::optional(seconds->get_int64());
  return bad_member(
      "/output_expires_after",
      "output_expires_after must be {\"anchor\": \"created_at\", \"seconds\": 3600 to 2592000}");
}

}  // namespace

std::span<const std::string_view> endpoints() noexcept {
  return kEndpoints;
}

Result<BatchBody> read_batch_body(JsonObject body) {
  BatchBody read;
  auto input = take_needed(body, "input_file_id");
  if (!input) return std::move(input).error();
  if (!is_file_id(*input)) {
    return bad_member("/input_file_id", "input_file_id is the id of no file: \"" + excerpt(*input) + '"');
  }
  read.input_file_id = std::move(*input);
  auto endpoint = take_endpoint(body);
  if (!endpoint) return std::move(endpoint).error();
  read.endpoint = std::move(*endpoint);
  const auto window = take_needed(body, "completion_window");
  if (!window) return window.error();
  if (*window != "24h") {
    return bad_member("/completion_window",
                      "completion_window must be \"24h\", got \"" + excerpt(*window) + '"');
  }
  auto metadata = take_texts(body);
  if (!metadata) return std::move(metadata).error();
  read.metadata = std::move(*metadata);
  const auto life = take_output_life(body);
  if (!life) return life.error();
  read.output_expires_after_s = *life;
  if (auto known = only_known(
          body, "", {"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"});
      !known)
    return std::move(known).error();
  return read;
}

}  // namespace shunt::api::batches
