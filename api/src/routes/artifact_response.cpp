#include "routes/artifact_response.hpp"

#include <algorithm>

#include "routes/handlers.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/http/byte_range.hpp"
#include "shunt/http/entity_tag.hpp"

namespace shunt::api {
namespace {

// What a slow reader holds of an artifact.
constexpr std::size_t kPieceBytes = 256UL * 1024;
// Pieces below this are not counted.
constexpr std::size_t kSmallPiece = 16UL * 1024;

using Bytes = Result<std::shared_ptr<const std::string>>;

// A strong validator: an artifact never changes, so its generation and name say it all.
std::string artifact_tag(const GenerationId& id, std::string_view name) {
  std::string tag = "\"";
  id.append_to(tag);
  tag += '.';
  tag += name;
  tag += '"';
  return tag;
}

void describe_range(http::Response& response, const http::ByteRange& range, std::size_t size) {
  response.status = 206;
  response.add_header("Content-Range", "bytes " + std::to_string(range.first) + '-' +
                                           std::to_string(range.first + range.length - 1) + '/' +
                                           std::to_string(size));
}

void answer_unsatisfiable(Exchange& exchange, std::size_t size) {
  exchange.response.headers.clear();
  set_problem(
      exchange.response,
      Error{problem_code::kRangeNotSatisfiable, "the artifact has " + std::to_string(size) + " bytes"}.with(
          "size", static_cast<std::uint64_t>(size)));
  exchange.response.add_header("Content-Range", "bytes */" + std::to_string(size));
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

http::Task<Bytes> read_piece(Exchange& exchange, const ArtifactPlace& place, http::ByteRange piece) {
  const auto artifact = place.find();
  if (!artifact) {
    co_return Error{error_code::kArtifactGone, "the artifact's generation is no longer kept"};
  }
  auto pending = answer_of<Bytes>(exchange.client, [&](auto done) {
    exchange.service.executor.read(*artifact, piece.first, piece.length, std::move(done));
  });
  Bytes bytes = co_await pending;
  co_return bytes;
}

// The head has been written and the first piece is ready. Whatever goes wrong from here on, only the
// connection's end can tell it.
http::Task<void> send_pieces(Exchange& exchange, const ArtifactPlace& place, http::ByteRange left,
                             std::shared_ptr<const std::string> piece, MemoryReservation memory) {
  for (;;) {
    const std::size_t size = piece->size();
    exchange.client.set_tail(std::move(piece), 0, size, std::move(memory));
    const bool sent = co_await exchange.client.flush();
    left.first += size;
    left.length -= size;
    if (!sent || left.length == 0) co_return;
    co_await exchange.client.take_turn();
    memory = MemoryReservation(exchange.service.memory, MemoryShare::kArtifacts);
    const std::size_t next = std::min(left.length, kPieceBytes);
    Bytes bytes = Error{};
    if (next <= kSmallPiece || memory.try_resize(next)) {
      auto reading = read_piece(exchange, place, {left.first, next});
      bytes = co_await reading;
    }
    if (!bytes) {
      exchange.client.abort();
      co_return;
    }
    piece = std::move(*bytes);
  }
}

void begin_pieces(Exchange& exchange, std::size_t length) {
  http::Response& response = exchange.response;
  response.announced_size = length;
  if (exchange.service.state.draining.load(std::memory_order_relaxed)) response.close = true;
  http::ConnectionHeader connection = http::ConnectionHeader::kNone;
  if (response.close || !exchange.request.keep_alive) {
    connection = http::ConnectionHeader::kClose;
  } else if (!exchange.request.http11) {
    connection = http::ConnectionHeader::kKeepAlive;
  }
  http::append_head(exchange.client.out(), response, {.connection = connection, .date = exchange.date});
  exchange.streamed = true;
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

http::Task<void> answer_with_bytes(Exchange& exchange, GenerationId id, ArtifactPlace place,
                                   http::RangeChoice range) {
  http::Response& response = exchange.response;
  http::ByteRange wanted{0, place.size};
  if (const auto* const part = std::get_if<http::ByteRange>(&range)) wanted = *part;
  if (exchange.request.head()) {
    auto looking = read_piece(exchange, place, {0, 0});
    const Bytes there = co_await looking;
    if (!there) {
      set_problem(response, there.error(), {.instance = generation_link(id)});
      co_return;
    }
    describe(response, id, place.described);
    response.announced_size = place.size;
    co_return;
  }
  MemoryReservation memory(exchange.service.memory, MemoryShare::kArtifacts);
  const std::size_t first = std::min(wanted.length, kPieceBytes);
  if (first > kSmallPiece && !memory.try_resize(first)) {
    response.set_retry_after(std::chrono::seconds(1));
    set_problem(response, overloaded("artifacts that their clients have not read yet"));
    co_return;
  }
  auto reading = read_piece(exchange, place, {wanted.first, first});
  Bytes piece = co_await reading;
  if (!piece) {
    const std::string link = generation_link(id);
    set_problem(response, piece.error(), {.instance = link});
    co_return;
  }
  describe(response, id, place.described);
  if (std::holds_alternative<http::ByteRange>(range)) describe_range(response, wanted, place.size);
  if (first < wanted.length) {
    begin_pieces(exchange, wanted.length);
    co_await send_pieces(exchange, place, wanted, std::move(*piece), std::move(memory));
    co_return;
  }
  response.shared_length = (*piece)->size();
  response.shared_body = std::move(*piece);
  response.shared_memory = std::move(memory);
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
  const http::Headers& headers = exchange.request.headers;
  const std::string tag = artifact_tag(*id, place->described.name);
  if (http::matches_any_tag(headers.joined("If-None-Match"), tag)) {
    exchange.response.status = 304;
    exchange.response.add_header("ETag", tag);
    co_return;
  }
  http::RangeChoice range = http::WholeBody{};
  if (headers.has("Range") && !exchange.request.head() &&
      http::if_range_allows(headers.get("If-Range"), tag)) {
    range = http::choose_range(headers.get("Range"), place->size);
  }
  if (std::holds_alternative<http::RangeUnsatisfiable>(range)) {
    answer_unsatisfiable(exchange, place->size);
    co_return;
  }
  exchange.response.add_header("Accept-Ranges", "bytes");
  co_await answer_with_bytes(exchange, *id, std::move(*place), range);
}

}  // namespace shunt::api
