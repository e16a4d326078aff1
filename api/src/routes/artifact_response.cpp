#include "routes/artifact_response.hpp"

#include <algorithm>

#include "routes/byte_pieces.hpp"
#include "routes/handlers.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api {
namespace {

// A strong validator: an artifact never changes, so its generation and name say it all.
std::string artifact_tag(const GenerationId& id, std::string_view name) {
  std::string tag = "\"";
  id.append_to(tag);
  tag += '.';
  tag += name;
  tag += '"';
  return tag;
}

const Artifact* find_artifact(const GenerationRecord& record, std::string_view name) {
  const auto found = std::find_if(record.artifacts.begin(), record.artifacts.end(),
                                  [&](const Artifact& artifact) { return artifact.name == name; });
  return found == record.artifacts.end() ? nullptr : &*found;
}

void describe(http::Response& response, GenerationId id, const Artifact& artifact) {
  response.status = 200;
  response.content_type = artifact.media_type;
  std::replace_if(
      response.content_type.begin(), response.content_type.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  response.add_header("ETag", artifact_tag(id, artifact.name));
  response.add_header("Content-Disposition", "inline; filename=\"" + artifact.name + '"');
  // A generator's output must not become a script of this origin.
  response.add_header("X-Content-Type-Options", "nosniff");
  response.add_header("Content-Security-Policy", "sandbox");
}

ByteAnswer bytes_of(Exchange& exchange, GenerationId id, const ArtifactPlace& place) {
  executor::GenerationExecutor& executor = exchange.service.executor;
  return {
      .size = place.size,
      .tag = artifact_tag(id, place.described.name),
      .read =
          [&executor, &place](std::size_t offset, std::size_t length, std::function<void(ByteResult)> done) {
            const auto artifact = place.find();
            if (artifact) return executor.read(*artifact, offset, length, std::move(done));
            done(Error{error_code::kArtifactGone, "the artifact's generation is no longer kept"});
          },
      .describe = [id, &place](http::Response& response) { describe(response, id, place.described); },
      .instance = generation_link(id)};
}

}  // namespace

std::optional<Artifact> ArtifactPlace::find() const {
  Artifact artifact = described;
  artifact.bytes = bytes.lock();
  if (!artifact.bytes && artifact.sha256.empty() && size > 0) return std::nullopt;
  return artifact;
}

ArtifactPlace place_of(const Artifact& artifact) {
  ArtifactPlace place{.described = artifact, .size = artifact.size(), .bytes = artifact.bytes};
  place.described.bytes.reset();
  return place;
}

http::Task<void> answer_with_bytes(Exchange& exchange, GenerationId id, ArtifactPlace place) {
  const ByteAnswer answer = bytes_of(exchange, id, place);
  co_await answer_with_range(exchange, answer, http::WholeBody{});
}

http::Task<void> get_artifact(Exchange& exchange) {
  const auto id = id_of_path(exchange);
  if (!id) co_return;
  std::optional<ArtifactPlace> place;
  {
    const auto record = co_await find_visible(exchange, *id);
    if (!record) co_return;
    const Artifact* const artifact = find_artifact(*record, exchange.route.parameters[1]);
    if (artifact != nullptr) place = place_of(*artifact);
  }
  if (!place) {
    const std::string link = generation_link(*id);
    set_problem(exchange.response,
                Error{error_code::kArtifactUnknown,
                      "the generation has no artifact \"" + excerpt(exchange.route.parameters[1]) + '"'},
                {.instance = link});
    co_return;
  }
  const ByteAnswer answer = bytes_of(exchange, *id, *place);
  co_await answer_with_pieces(exchange, answer);
}

}  // namespace shunt::api
