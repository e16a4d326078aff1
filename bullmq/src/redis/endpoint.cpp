#include "redis/endpoint.hpp"

#include <charconv>

#include "bullmq/error.hpp"

namespace bullmq::detail {

std::optional<Redirect> parse_redirect(std::string_view error, const std::string& asked_host) {
  Redirect redirect;
  redirect.ask = error.starts_with("ASK ");
  if (!redirect.ask && !error.starts_with("MOVED ")) return std::nullopt;
  const auto space = error.rfind(' ');
  const std::string_view target = error.substr(space + 1);
  const auto colon = target.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view port = target.substr(colon + 1);
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (problem != std::errc() || end != port.data() + port.size() || value == 0 || value > 65'535)
    return std::nullopt;
  std::string_view host = target.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  redirect.address.host = host.empty() ? asked_host : std::string(host);
  redirect.address.port = static_cast<std::uint16_t>(value);
  return redirect;
}

std::optional<std::string_view> hash_tag(std::string_view key) noexcept {
  const auto open = key.find('{');
  if (open == std::string_view::npos) return std::nullopt;
  const auto close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return std::nullopt;
  return key.substr(open + 1, close - open - 1);
}

std::uint16_t hash_slot(std::string_view key) noexcept {
  const std::string_view hashed = hash_tag(key).value_or(key);
  std::uint16_t crc = 0;
  for (const char character : hashed) {
    crc = static_cast<std::uint16_t>(
        crc ^ (static_cast<std::uint16_t>(static_cast<unsigned char>(character)) << 8));
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
  }
  return crc % 16'384;
}

void require_hash_tag(const ConnectionOptions& connection, const std::string& prefix,
                      const std::string& queue) {
  if (!connection.cluster || hash_tag(prefix + ":" + queue + ":")) return;
  throw ValidationError(
      "with a cluster, all keys of a queue have to be in one slot: put a hash tag into its prefix "
      "(\"{bull}\") or its name (\"{" +
      queue + "}\"), got \"" + prefix + ":" + queue + "\"");
}

std::optional<RedisAddress> slot_owner(const Reply& cluster_slots, std::uint16_t slot,
                                       const std::string& asked_host) {
  for (const Reply& range : cluster_slots.elements) {
    if (range.elements.size() < 3) continue;
    if (slot < range.elements[0].to_int() || slot > range.elements[1].to_int()) continue;
    const Reply& primary = range.elements[2];
    if (primary.elements.size() < 2) continue;
    const auto port = primary.elements[1].to_int();
    if (port <= 0 || port > 65'535) continue;
    // A node that does not know its own name says nil or "?".
    const std::string& host = primary.elements[0].text;
    return RedisAddress{host.empty() || host == "?" ? asked_host : host, static_cast<std::uint16_t>(port)};
  }
  return std::nullopt;
}

std::string to_string(const RedisAddress& address) {
  return address.host + ":" + std::to_string(address.port);
}

}  // namespace bullmq::detail
