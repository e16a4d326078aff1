#include "shunt/flip/redis_facts.hpp"

#include <algorithm>
#include <charconv>

#include "shunt/base/json.hpp"

namespace shunt::flip {
namespace {

// Longer than any version, policy or role; another server may say anything.
constexpr std::size_t kLongestValue = 64;

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_replica_line(std::string_view name) {
  return name.starts_with("slave") && name.size() > 5 && name[5] >= '0' && name[5] <= '9';
}

// "ip=...,port=...,state=online,offset=...,lag=1"
std::optional<std::chrono::seconds> lag_in(std::string_view value) {
  const std::size_t at = value.find(",lag=");
  if (at == std::string_view::npos) return std::nullopt;
  value.remove_prefix(at + 5);
  const auto seconds = number_in<std::uint32_t>(value.substr(0, value.find(',')));
  return seconds ? std::optional(std::chrono::seconds(*seconds)) : std::nullopt;
}

void take_save(std::optional<bool>& ok, std::string_view value) {
  ok = ok.value_or(true) && value == "ok";
}

void take_line(RedisFacts& facts, std::string_view name, std::string_view value) {
  const auto text = [value] { return to_valid_utf8(value.substr(0, kLongestValue)); };
  if (name == "redis_version" && facts.product == "redis") facts.version = text();
  // Both tell a Redis version beside their own, which stands still or is another product's.
  if (name == "valkey_version" || name == "dragonfly_version") {
    facts.product = name.substr(0, name.find('_'));
    facts.version = text();
  }
  if (name == "role") facts.role = text();
  if (name == "cluster_enabled") facts.cluster = value == "1";
  if (name == "maxmemory_policy") facts.eviction_policy = text();
  if (name == "used_memory") facts.used_memory = number_in<std::uint64_t>(value);
  if (name == "maxmemory") facts.max_memory = number_in<std::uint64_t>(value);
  if (name == "aof_enabled") facts.append_only = value == "1";
  if (name == "rdb_last_bgsave_status" || name == "aof_last_bgrewrite_status" ||
      name == "aof_last_write_status") {
    take_save(facts.last_save_ok, value);
  }
  if (name == "connected_clients") facts.clients = number_in<std::uint64_t>(value);
  if (name == "maxclients") facts.max_clients = number_in<std::uint64_t>(value);
  if (name == "connected_slaves") facts.replicas = number_in<std::uint64_t>(value);
  if (is_replica_line(name)) facts.replica_lag = std::max(facts.replica_lag, lag_in(value));
}

}  // namespace

RedisFacts facts_of_info(std::string_view info) {
  RedisFacts facts;
  while (!info.empty()) {
    const std::size_t end = std::min(info.find('\n'), info.size());
    std::string_view line = info.substr(0, end);
    info.remove_prefix(std::min(end + 1, info.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) take_line(facts, line.substr(0, colon), line.substr(colon + 1));
  }
  return facts;
}

std::optional<std::array<std::uint32_t, 3>> parse_version(std::string_view version) noexcept {
  if (version.starts_with("df-v")) version.remove_prefix(4);
  std::array<std::uint32_t, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto [end, failure] = std::from_chars(version.data(), version.data() + version.size(), numbers[i]);
    if (failure != std::errc()) return i == 0 ? std::nullopt : std::optional(numbers);
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (!version.starts_with('.')) break;
    version.remove_prefix(1);
  }
  return numbers;
}

}  // namespace shunt::flip
