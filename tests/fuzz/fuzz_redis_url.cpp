// Redis URLs. Checks that a refusal never tells a secret, wherever it stands in the URL, and that a URL made
// of what was understood is understood as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bullmq/connection_options.hpp"
#include "bullmq/error.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace bullmq;
using shunt::fuzz::check;

constexpr std::string_view kSecret = "hunter2";

std::string url_of(const ConnectionOptions& options) {
  const std::string database = std::to_string(options.database);
  if (!options.unix_socket.empty()) {
    return "unix:///" + shunt::fuzz::percent_encoded(options.unix_socket.substr(1)) + "?db=" + database;
  }
  std::string url = options.tls ? "rediss://" : "redis://";
  url += shunt::fuzz::percent_encoded(options.username) + ":" +
         shunt::fuzz::percent_encoded(options.password) + "@";
  url += shunt::fuzz::percent_encoded(options.address.host);
  return url + ":" + std::to_string(options.address.port) + "/" + database;
}

bool is_same(const ConnectionOptions& a, const ConnectionOptions& b) {
  return a.url == b.url && a.address == b.address && a.unix_socket == b.unix_socket &&
         a.username == b.username && a.password == b.password && a.database == b.database &&
         a.tls.has_value() == b.tls.has_value();
}

}  // namespace

// A '~' stands for the secret.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A fuzzer finds the word by itself, and puts it where it is none.
  if (shunt::fuzz::text_of(data, size).find(kSecret) != std::string_view::npos) return 0;
  ConnectionOptions options;
  for (std::size_t i = 0; i < size; ++i) {
    const char character = static_cast<char>(data[i]);
    if (character == '~') {
      options.url += kSecret;
    } else {
      options.url += character;
    }
  }
  try {
    options = resolve_url(options);
  } catch (const ValidationError& error) {
    check(std::string_view(error.what()).find(kSecret) == std::string_view::npos);
    return 0;
  }
  check(options.url.empty() && options.address.port != 0 && options.database >= 0);
  check(!options.address.host.empty());
  ConnectionOptions again;
  again.url = url_of(options);
  check(is_same(resolve_url(again), options));
  return 0;
}
