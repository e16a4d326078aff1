#include "routes/byte_pieces.hpp"

#include <algorithm>

#include "shunt/generation/error_codes.hpp"
#include "shunt/http/byte_range.hpp"
#include "shunt/http/entity_tag.hpp"

namespace shunt::api {
namespace {

// What a slow reader holds.
constexpr std::size_t kPieceBytes = 256UL * 1024;
// Pieces below this are not counted.
constexpr std::size_t kSmallPiece = 16UL * 1024;

void describe_range(http::Response& response, const http::ByteRange& range, std::size_t size) {
  response.status = 206;
  response.add_header("Content-Range", "bytes " + std::to_string(range.first) + '-' +
                                           std::to_string(range.first + range.length - 1) + '/' +
                                           std::to_string(size));
}

void answer_unsatisfiable(Exchange& exchange, std::size_t size) {
  exchange.response.headers.clear();
  set_problem(exchange.response,
              Error{problem_code::kRangeNotSatisfiable, "there are " + std::to_string(size) + " bytes"}.with(
                  "size", static_cast<std::uint64_t>(size)));
  exchange.response.add_header("Content-Range", "bytes */" + std::to_string(size));
}

http::Task<ByteResult> read_piece(Exchange& exchange, const ByteAnswer& answer, http::ByteRange piece) {
  auto pending = answer_of<ByteResult>(
      exchange.client, [&](auto done) { answer.read(piece.first, piece.length, std::move(done)); });
  ByteResult bytes = co_await pending;
  co_return bytes;
}

// The head has been written and the first piece is ready. Whatever goes wrong from here on, only the
// connection's end can tell it.
http::Task<void> send_pieces(Exchange& exchange, const ByteAnswer& answer, http::ByteRange left,
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
    ByteResult bytes = Error{};
    if (next <= kSmallPiece || memory.try_resize(next)) {
      auto reading = read_piece(exchange, answer, {left.first, next});
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

http::Task<void> answer_with_range(Exchange& exchange, const ByteAnswer& answer, http::RangeChoice range) {
  http::Response& response = exchange.response;
  http::ByteRange wanted{0, answer.size};
  if (const auto* const part = std::get_if<http::ByteRange>(&range)) wanted = *part;
  if (exchange.request.head()) {
    auto looking = read_piece(exchange, answer, {0, 0});
    const ByteResult there = co_await looking;
    if (!there) {
      set_problem(response, there.error(), {.instance = answer.instance});
      co_return;
    }
    answer.describe(response);
    response.announced_size = answer.size;
    co_return;
  }
  MemoryReservation memory(exchange.service.memory, MemoryShare::kArtifacts);
  const std::size_t first = std::min(wanted.length, kPieceBytes);
  if (first > kSmallPiece && !memory.try_resize(first)) {
    response.set_retry_after(std::chrono::seconds(1));
    set_problem(response, overloaded("artifacts that their clients have not read yet"));
    co_return;
  }
  auto reading = read_piece(exchange, answer, {wanted.first, first});
  ByteResult piece = co_await reading;
  if (!piece) {
    set_problem(response, piece.error(), {.instance = answer.instance});
    co_return;
  }
  answer.describe(response);
  if (std::holds_alternative<http::ByteRange>(range)) describe_range(response, wanted, answer.size);
  if (first < wanted.length) {
    begin_pieces(exchange, wanted.length);
    co_await send_pieces(exchange, answer, wanted, std::move(*piece), std::move(memory));
    co_return;
  }
  response.shared_length = (*piece)->size();
  response.shared_body = std::move(*piece);
  response.shared_memory = std::move(memory);
}

http::Task<void> answer_with_pieces(Exchange& exchange, const ByteAnswer& answer) {
  const http::Headers& headers = exchange.request.headers;
  if (http::matches_any_tag(headers.joined("If-None-Match"), answer.tag)) {
    exchange.response.status = 304;
    exchange.response.add_header("ETag", answer.tag);
    co_return;
  }
  http::RangeChoice range = http::WholeBody{};
  if (headers.has("Range") && !exchange.request.head() &&
      http::if_range_allows(headers.get("If-Range"), answer.tag)) {
    range = http::choose_range(headers.get("Range"), answer.size);
  }
  if (std::holds_alternative<http::RangeUnsatisfiable>(range)) {
    answer_unsatisfiable(exchange, answer.size);
    co_return;
  }
  exchange.response.add_header("Accept-Ranges", "bytes");
  co_await answer_with_range(exchange, answer, range);
}

std::string header_filename(std::string_view filename) {
  std::string made(filename);
  std::ranges::replace_if(
      made,
      [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '"' ||
               c == '\\';
      },
      '_');
  return made;
}

}  // namespace shunt::api
