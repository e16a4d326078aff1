// Requests from bytes, without the server around. Checks that the pieces in which they come make no
// difference, and that a header block that is found is one.
#include "server/header_scan.hpp"
#include "server/request_parser.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

constexpr std::size_t kMaxBody = 1'024;

struct Read {
  http::HeaderScan::State state = http::HeaderScan::State::kMore;
  std::size_t header = 0;
  std::string target, body, code;
  bool done = false;
  bool operator==(const Read&) const = default;
};

void read_body(http::RequestParser& parser, std::string_view bytes, std::size_t piece, Read& read) {
  std::string waiting;  // what the parser wants to see with more behind it
  fuzz::in_pieces(bytes, piece, [&](std::string_view part) {
    waiting += part;
    while (!waiting.empty() && read.code.empty() && !parser.done()) {
      const auto fed = parser.feed_body(waiting, kMaxBody);
      check(fed.used <= waiting.size(), "no more than there is");
      if (fed.error) read.code = fed.error->code;
      if (fed.used == 0) return;
      waiting.erase(0, fed.used);
    }
  });
}

Read read(std::string_view bytes, std::size_t piece) {
  Read read;
  http::HeaderScan scan;
  if (piece == 0) piece = bytes.size();
  for (std::size_t end = std::min(piece, bytes.size());; end = std::min(end + piece, bytes.size())) {
    read.state = scan.scan(bytes.substr(0, end));
    if (read.state != http::HeaderScan::State::kMore || end == bytes.size()) break;
  }
  if (read.state == http::HeaderScan::State::kMalformed)
    check(!scan.complaint().empty(), "a complaint has words");
  if (read.state != http::HeaderScan::State::kComplete) return read;
  read.header = scan.size();
  check(read.header <= bytes.size(), "a block within what came");
  http::Request request;
  http::RequestParser parser;
  parser.reset(request);
  if (const auto error = parser.parse_header(bytes.substr(0, read.header))) {
    read.code = error->code;
    return read;
  }
  if (request.has_body()) read_body(parser, bytes.substr(read.header), piece, read);
  read.target = request.target;
  read.body = request.body;
  read.done = parser.done();
  check(read.body.size() <= kMaxBody, "a body within its limit");
  return read;
}

}  // namespace

// The first byte says how large the pieces are; the rest is what the client sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes = fuzz::text_of(data, size).substr(1);
  const Read whole = read(bytes, 0);
  const Read pieces = read(bytes, data[0] + std::size_t{1});
  check(whole.state == pieces.state && whole.header == pieces.header,
        "pieces make no difference to the header");
  check(whole.code == pieces.code, "pieces make no difference to a refusal");
  if (whole.code.empty()) check(whole == pieces, "pieces make no difference");
  return 0;
}
