#include "shunt/executor/redis/redis_address.hpp"

#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "bullmq/error.hpp"

namespace shunt::executor {
namespace {

constexpr std::uint16_t kRedisPort = 6379;
constexpr std::uint16_t kSentinelPort = 26379;

[[noreturn]] void refuse(const std::string& what) {
  throw bullmq::ValidationError("connection.url: " + what);
}

bullmq::RedisAddress parse_address(std::string_view text, std::uint16_t port) {
  bullmq::RedisAddress address;
  // An IPv6 address is in brackets.
  const std::size_t end = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const std::size_t colon = text.find(':', end == std::string_view::npos ? 0 : end);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = std::string(host);
  address.port = port;
  if (address.host.empty()) refuse("a node has no host: \"" + std::string(text) + '"');
  if (colon == std::string_view::npos) return address;
  const std::string_view digits = text.substr(colon + 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || address.port == 0)
    refuse("the port must be from 1 to 65535, got \"" + std::string(digits) + '"');
  return address;
}

std::vector<bullmq::RedisAddress> parse_addresses(std::string_view text, std::uint16_t port) {
  std::vector<bullmq::RedisAddress> addresses;
  while (true) {
    const std::size_t comma = text.find(',');
    addresses.push_back(parse_address(text.substr(0, comma), port));
    if (comma == std::string_view::npos) return addresses;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

bullmq::ConnectionOptions connection_options(const std::string& url) {
  bullmq::ConnectionOptions options;
  const std::size_t scheme_end = url.find("://");
  const std::string scheme = url.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
  const std::size_t plus = scheme.find('+');
  const std::string kind = plus == std::string::npos ? "" : scheme.substr(plus + 1);
  if (kind != "cluster" && kind != "sentinel") {
    options.url = url;
    return bullmq::resolve_url(std::move(options));
  }
  const std::size_t authority = scheme_end + 3;
  const std::size_t login_end = url.rfind('@');
  const std::size_t nodes = login_end == std::string::npos ? authority : login_end + 1;
  const std::size_t path = url.find('/', nodes);
  const std::string names = url.substr(nodes, path == std::string::npos ? path : path - nodes);
  std::string rest = path == std::string::npos ? "" : url.substr(path + 1);
  std::string master;
  if (kind == "sentinel") {
    master = rest.substr(0, rest.find('/'));
    rest = rest.size() > master.size() ? rest.substr(master.size() + 1) : "";
    if (master.empty()) refuse("sentinels need the primary's name: redis+sentinel://host,host/NAME");
  } else if (!rest.empty()) {
    refuse("a cluster has no databases: nothing may follow the nodes");
  }
  // Login, TLS and database are the library's to understand.
  options.url = scheme.substr(0, plus) + "://" + url.substr(authority, nodes - authority) + "node" +
                (rest.empty() ? "" : "/" + rest);
  options = bullmq::resolve_url(std::move(options));
  if (kind == "cluster") {
    options.cluster = bullmq::ClusterOptions{parse_addresses(names, kRedisPort)};
  } else {
    bullmq::SentinelOptions sentinel;
    sentinel.sentinels = parse_addresses(names, kSentinelPort);
    sentinel.master_name = std::move(master);
    options.sentinel = std::move(sentinel);
  }
  options.address = {};
  return options;
}

bullmq::ConnectionOptions connection_options(const QueueOptions& queue) {
  bullmq::ConnectionOptions options = connection_options(queue.redis_url);
  if (!queue.redis_password.empty()) options.password = queue.redis_password;
  return options;
}

}  // namespace shunt::executor
