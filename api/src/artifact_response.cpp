#include "artifact_response.hpp"

#include <algorithm>

#include "byte_range.hpp"
#include "entity_tag.hpp"
#include "handlers.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api {
namespace {

void answer_with_range(Exchange& exchange, const ByteRange& range, std::size_t size) {
  Response& response = exchange.response;
  response.status = 206;
  response.shared_offset = range.first;
  response.shared_length = range.length;
  response.add_header("Content-Range", "bytes " + std::to_string(range.first) + '-' +
                                           std::to_string(range.first + range.length - 1) + '/' +
                                           std::to_string(size));
}

void answer_unsatisfiable(Exchange& exchange, std::size_t size) {
  exchange.response.headers.clear();
  exchange.response.set_problem(Error{std::string(problem_code::kRangeNotSatisfiable),
                                      "the artifact has " + std::to_string(size) + " bytes"}
                                    .with("size", static_cast<std::uint64_t>(size)));
  exchange.response.add_header("Content-Range", "bytes */" + std::to_string(size));
}

const Artifact* find_artifact(const GenerationRecord& record, std::string_view name) {
  const auto found = std::find_if(record.artifacts.begin(), record.artifacts.end(),
                                  [&](const Artifact& artifact) { return artifact.name == name; });
  return found == record.artifacts.end() ? nullptr : &*found;
}

}  // namespace

Task<void> answer_with_bytes(Exchange& exchange, GenerationId id, Artifact artifact) {
  auto pending = answer_of<Result<std::shared_ptr<const std::string>>>(
      exchange.client, [&](auto done) { exchange.service.executor.load(artifact, std::move(done)); });
  auto bytes = co_await pending;
  Response& response = exchange.response;
  if (!bytes) {
    const std::string link = generation_link(id);
    response.set_problem(bytes.error(), {.instance = link});
    co_return;
  }
  response.status = 200;
  response.content_type = artifact.media_type;
  std::replace_if(
      response.content_type.begin(), response.content_type.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  response.shared_body = std::move(*bytes);
  response.shared_offset = 0;
  response.shared_length = response.shared_body->size();
  response.add_header("ETag", artifact_tag(id, artifact.name));
  response.add_header("Content-Disposition", "inline; filename=\"" + artifact.name + '"');
  // A generator's output must not become a script of this origin.
  response.add_header("X-Content-Type-Options", "nosniff");
  response.add_header("Content-Security-Policy", "sandbox");
}

Task<void> get_artifact(Exchange& exchange) {
  const auto id = id_of_path(exchange);
  if (!id) co_return;
  const auto record = co_await find_visible(exchange, *id);
  if (!record) co_return;
  const Artifact* const artifact = find_artifact(*record, exchange.route.parameters[1]);
  if (artifact == nullptr) {
    const std::string link = generation_link(*id);
    exchange.response.set_problem(
        Error{std::string(error_code::kArtifactUnknown),
              "the generation has no artifact \"" + excerpt(exchange.route.parameters[1]) + '"'},
        {.instance = link});
    co_return;
  }
  const Headers& headers = exchange.request.headers;
  const std::string tag = artifact_tag(*id, artifact->name);
  if (matches_any_tag(headers.joined("If-None-Match"), tag)) {
    exchange.response.status = 304;
    exchange.response.add_header("ETag", tag);
    co_return;
  }
  co_await answer_with_bytes(exchange, *id, *artifact);
  if (exchange.response.status != 200) co_return;
  exchange.response.add_header("Accept-Ranges", "bytes");
  if (!headers.has("Range") || exchange.request.head() || !if_range_allows(headers.get("If-Range"), tag))
    co_return;
  const RangeChoice choice = choose_range(headers.get("Range"), artifact->size());
  if (const auto* const range = std::get_if<ByteRange>(&choice)) {
    answer_with_range(exchange, *range, artifact->size());
  } else if (std::holds_alternative<RangeUnsatisfiable>(choice)) {
    answer_unsatisfiable(exchange, artifact->size());
  }
}

}  // namespace shunt::api
