#include <charconv>
#include <string>
#include <string_view>

#include "bullmq/connection_options.hpp"
#include "bullmq/error.hpp"

namespace bullmq {
namespace {

// The text that is refused is never quoted: an '@' that was forgotten makes a password of any part.
[[noreturn]] void refuse(const std::string& what) {
  throw ValidationError("connection.url: " + what +
                        " (redis://[user[:password]@]host[:port][/db], rediss://... or unix:///path[?db=N])");
}

int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

std::string decode_percent(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) refuse("a '%' is not followed by two hexadecimal digits");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

int parse_database(std::string_view text) {
  int database = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), database);
  if (problem != std::errc() || end != text.data() + text.size() || database < 0) {
    refuse("the database is a number from 0");
  }
  return database;
}

// Who is asked for an address, or opens a socket, would read the name up to there.
void refuse_nul(const std::string& name) {
  if (name.find('\0') != std::string::npos) refuse("a host or a path has no NUL in it");
}

void parse_host(std::string_view text, RedisAddress& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) refuse("']' is missing after the IPv6 address");
    if (close == 1) refuse("there is no address between '[' and ']'");
    address.host = std::string(text.substr(1, close - 1));
    // The '%' before a zone, "fe80::1%eth0", may be written as it is or encoded.
    if (const auto zone = address.host.find("%25"); zone != std::string::npos)
      address.host.erase(zone + 1, 2);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') refuse("a ':' and the port are expected after ']'");
    port = rest.empty() ? rest : rest.substr(1);
  } else {
    const auto colon = text.rfind(':');
    const auto host = text.substr(0, colon);
    if (host.find(':') != std::string_view::npos) refuse("an IPv6 address stands in brackets, '[::1]'");
    if (!host.empty()) address.host = decode_percent(host);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
  }
  refuse_nul(address.host);
  if (port.empty()) return;
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (problem != std::errc() || end != port.data() + port.size() || value == 0 || value > 65'535) {
    refuse("the port is a number from 1 to 65535");
  }
  address.port = static_cast<std::uint16_t>(value);
}

void parse_query(std::string_view query, ConnectionOptions& options) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view part = query.substr(0, end);
    if (!part.starts_with("db=")) refuse("the only parameter is db");
    options.database = parse_database(part.substr(3));
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
  }
}

}  // namespace

ConnectionOptions resolve_url(ConnectionOptions options) {
  if (options.url.empty()) return options;
  const std::string url = std::move(options.url);
  options.url.clear();
  std::string_view rest = url;
  const auto scheme_end = rest.find(':');
  const std::string_view scheme = rest.substr(0, scheme_end);
  if (scheme_end == std::string_view::npos || (scheme != "redis" && scheme != "rediss" && scheme != "unix")) {
    refuse("the scheme is none of redis, rediss, unix");
  }
  rest.remove_prefix(scheme_end + 1);
  if (rest.starts_with("//")) rest.remove_prefix(2);
  // What comes before the last '@' is the login, so a password may have any character but '%' in it.
  std::string_view login;
  const auto at = scheme == "unix" ? std::string_view::npos : rest.rfind('@');
  if (at != std::string_view::npos) {
    login = rest.substr(0, at);
    rest = rest.substr(at + 1);
  }
  if (const auto question = rest.find('?'); question != std::string_view::npos) {
    parse_query(rest.substr(question + 1), options);
    rest = rest.substr(0, question);
  }
  if (scheme == "unix") {
    if (rest.empty() || rest.front() != '/') refuse("the path of the socket has to be absolute");
    options.unix_socket = decode_percent(rest);
    refuse_nul(options.unix_socket);
    return options;
  }
  options.unix_socket.clear();
  if (scheme == "rediss" && !options.tls) options.tls.emplace();
  if (at != std::string_view::npos) {
    const auto colon = login.find(':');
    options.username = decode_percent(login.substr(0, colon));
    if (colon != std::string_view::npos) options.password = decode_percent(login.substr(colon + 1));
  }
  const auto slash = rest.find('/');
  parse_host(rest.substr(0, slash), options.address);
  if (slash != std::string_view::npos && slash + 1 < rest.size()) {
    options.database = parse_database(rest.substr(slash + 1));
  }
  return options;
}

}  // namespace bullmq
