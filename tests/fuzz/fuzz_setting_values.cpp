// Single settings, as text of a variable or a flag and as a text of the file. Checks of each kind of value
// that what it shows is what it reads, and that its canonical form stays as it is.
#include "server/listen_address.hpp"
#include "shunt/api/http_server.hpp"
#include "support/fuzzing.hpp"
#include "toml_reader.hpp"
#include "value_kinds.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using namespace shunt::config;
using fuzz::check;

// The value as the file would have it.
std::optional<Node> read_again(const std::string& shown) {
  auto table = read_toml("value = " + shown, "f");
  if (!table || table->size() != 1) return std::nullopt;
  return std::move(table->front().node);
}

template <typename Kind>
void check_kind(const Kind& kind, const Node& node) {
  const auto value = kind.read(node);
  if (!value) return check(!kind.allowed().empty(), "a refusal says what is allowed");
  const std::string shown = kind.show(*value);
  const auto again = read_again(shown);
  check(again.has_value(), "what is shown can stand in the file");
  const auto twice = kind.read(*again);
  check(twice.has_value() && *twice == *value, "what is shown is read as the same");
  check(kind.show(*twice) == shown, "the canonical form of a canonical form is itself");
}

void check_all(const Node& node) {
  check_kind(kind::Switch{}, node);
  check_kind(kind::Count{.min = 1, .max = 1'000'000}, node);
  check_kind(kind::Real{.min = 0, .max = 10}, node);
  check_kind(kind::Bytes{}, node);
  check_kind(kind::Duration{}, node);
  check_kind(kind::Text{}, node);
  check_kind(kind::TextList{}, node);
  check_kind(kind::Names{}, node);
  check_kind(kind::TextMap{}, node);
  check_kind(kind::Headers{}, node);
  check_kind(kind::HttpAddress{}, node);
  check_kind(kind::Sha256{}, node);
  check_kind(kind::ListenAddress{}, node);
}

void check_listening(const Node& node) {
  const auto address = kind::ListenAddress{}.read(node);
  if (!address) return;
  api::HttpServerOptions options;
  options.address = address->first;
  options.port = address->second;
  options.allow_unauthenticated = true;
  const auto endpoint = api::listen_endpoint(options);
  if (endpoint) check(endpoint->port() == address->second, "the port that was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  for (const Node& node : {Node{Untyped{text}, "--flag"}, Node{text, "f:1"}}) {
    check_all(node);
    check_listening(node);
  }
  const auto table = read_toml("value = " + text, "f");
  if (table && table->size() == 1) check_all(table->front().node);
  return 0;
}
