#include "drivers/openai/upstream_headers.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "drivers/openai/secret_source.hpp"
#include "shunt/base/percent_encoding.hpp"

namespace shunt::generation::openai {
namespace {

constexpr std::size_t kMaxHeaders = 64;
constexpr std::size_t kMaxValueBytes = 16 * 1024;

// Replacing a shorter one would garble messages and hide nothing.
constexpr std::size_t kMinSecret = 4;

// What the driver sets from other options or by the request, and what belongs to one connection.
constexpr std::array<std::string_view, 16> kDecided = {
    "accept-encoding",  "connection", "content-encoding", "content-length",      "content-type",
    "expect",           "host",       "keep-alive",       "proxy-connection",    "te",
    "trailer",          "tracestate", "traceparent",      "proxy-authorization", "upgrade",
    "transfer-encoding"};

// A value in the file itself is not a secret by its place, so its name has to tell.
constexpr std::array<std::string_view, 6> kSecretNames = {"auth",   "cookie",    "key",
                                                          "secret", "signature", "token"};

std::string lower(std::string_view text) {
  std::string all(text);
  std::ranges::transform(all, all.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return all;
}

// RFC 9110, 5.1.
bool is_header_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool names_a_secret(const std::string& name) {
  const std::string low = lower(name);
  return std::ranges::any_of(kSecretNames, [&](auto part) { return low.find(part) != std::string::npos; });
}

class Collector {
 public:
  Result<void> add(std::string_view option, const std::string& name, const std::string& value, bool secret) {
    if (!is_header_name(name)) {
      return wrong_option(option, "has a name that no header can have (letters, digits and - are usual)");
    }
    const std::string low = lower(name);
    if (std::ranges::find(kDecided, low) != kDecided.end()) {
      return wrong_option(option, "must not contain " + name + ": HTTP or the driver itself decides it");
    }
    // "Name:" without a value is how libcurl is told to send none.
    if (value.empty() || value.size() > kMaxValueBytes || !is_header_value(value)) {
      return wrong_option(option,
                          "has a value for " + name +
                              " that no header can have: one line of printable ASCII is expected, of at "
                              "most " +
                              std::to_string(kMaxValueBytes) + " bytes");
    }
    if (!seen_.emplace(low, true).second) {
      return wrong_option(option, "has the header " + name + ", which is given twice");
    }
    if (seen_.size() > kMaxHeaders) {
      return wrong_option(option, "has more than " + std::to_string(kMaxHeaders) + " headers");
    }
    headers_.lines.push_back(name + ": " + value);
    if (secret) keep_out_of_sight(value);
    return {};
  }
  [[nodiscard]] ConfiguredHeaders release() { return std::move(headers_); }

 private:
  // A server may quote the second word of "Bearer sk-..." alone.
  void keep_out_of_sight(const std::string& value) {
    const std::string last = value.substr(value.find_last_of(' ') + 1);
    for (const std::string& secret : {value, last}) {
      if (secret.size() >= kMinSecret) headers_.secrets.push_back(secret);
    }
  }

  std::map<std::string, bool> seen_;
  ConfiguredHeaders headers_;
};

Result<void> add_read(Collector& to, std::string_view option,
                      const std::map<std::string, std::string>& sources,
                      Result<std::string> (*read)(std::string_view, const std::string&)) {
  for (const auto& [name, source] : sources) {
    auto value = read(option, source);
    if (!value) return std::move(value).error();
    if (auto added = to.add(option, name, *value, true); !added) return added;
  }
  return {};
}

// In place of what is read when the process starts.
constexpr const char* kAnyValue = "value";

}  // namespace

Result<void> check_headers(const OpenAiOptions& options) {
  Collector collector;
  if (!options.api_key_env.empty() || !options.api_key_file.empty()) {
    if (auto added = collector.add("api_key_header", options.api_key_header, kAnyValue, false); !added)
      return added;
  }
  for (const auto& [name, value] : options.headers) {
    if (auto added = collector.add("headers", name, value, false); !added) return added;
  }
  for (const auto& [name, source] : options.headers_env) {
    if (auto added = collector.add("headers_env", name, kAnyValue, false); !added) return added;
  }
  for (const auto& [name, source] : options.headers_file) {
    if (auto added = collector.add("headers_file", name, kAnyValue, false); !added) return added;
  }
  return {};
}

Result<ConfiguredHeaders> configured_headers(const OpenAiOptions& options, const std::string& api_key) {
  Collector collector;
  if (!api_key.empty()) {
    const bool bearer = lower(options.api_key_header) == "authorization";
    const std::string value = (bearer ? "Bearer " : "") + api_key;
    if (auto added = collector.add("api_key_header", options.api_key_header, value, false); !added) {
      return std::move(added).error();
    }
  }
  for (const auto& [name, value] : options.headers) {
    if (auto added = collector.add("headers", name, value, names_a_secret(name)); !added) {
      return std::move(added).error();
    }
  }
  if (auto added = add_read(collector, "headers_env", options.headers_env, &secret_from_env); !added) {
    return std::move(added).error();
  }
  if (auto added = add_read(collector, "headers_file", options.headers_file, &secret_from_file); !added) {
    return std::move(added).error();
  }
  ConfiguredHeaders headers = collector.release();
  if (!api_key.empty()) headers.secrets.push_back(api_key);
  for (const auto& [name, value] : options.query) {
    if (names_a_secret(name) && value.size() >= kMinSecret) headers.secrets.push_back(value);
  }
  // A secret that is part of another one must not be replaced first.
  std::ranges::sort(headers.secrets, std::ranges::greater{}, &std::string::size);
  return headers;
}

bool has_header(const std::vector<std::string>& lines, std::string_view name) {
  return std::ranges::any_of(lines, [&](const std::string& line) {
    return line.size() > name.size() && line[name.size()] == ':' &&
           lower(std::string_view(line).substr(0, name.size())) == lower(name);
  });
}

std::string query_text(const OpenAiOptions& options) {
  std::string text;
  for (const auto& [name, value] : options.query) {
    text += text.empty() ? '?' : '&';
    text += percent_encoded(name) + '=' + percent_encoded(value);
  }
  return text;
}

}  // namespace shunt::generation::openai
