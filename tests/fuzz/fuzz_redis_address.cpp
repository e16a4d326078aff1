// Addresses of clusters and sentinels. Checks that a refusal never tells a secret, and that every node has a
// place.
#include "bullmq/error.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "support/fuzzing.hpp"

namespace {

using shunt::fuzz::check;

constexpr std::string_view kSecret = "hunter2";

void check_nodes(const std::vector<bullmq::RedisAddress>& nodes) {
  check(!nodes.empty(), "there is a node");
  for (const auto& node : nodes) check(!node.host.empty() && node.port != 0, "a node has a place");
}

}  // namespace

// A '~' stands for the secret, in front of the last '@'.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view written = shunt::fuzz::text_of(data, size);
  // A fuzzer finds the word by itself, and puts it where it is none.
  if (written.find(kSecret) != std::string_view::npos) return 0;
  const std::size_t at = written.rfind('@');
  std::string url;
  for (std::size_t i = 0; i < written.size(); ++i) {
    const bool secret = written[i] == '~' && at != std::string_view::npos && i < at;
    url += secret ? std::string(kSecret) : std::string(1, written[i]);
  }
  try {
    const auto options = shunt::executor::connection_options(url);
    if (options.cluster) check_nodes(options.cluster->seeds);
    if (options.sentinel) check_nodes(options.sentinel->sentinels);
  } catch (const bullmq::ValidationError& error) {
    check(std::string_view(error.what()).find(kSecret) == std::string_view::npos, "no secret in a refusal");
  }
  return 0;
}
