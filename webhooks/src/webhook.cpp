#include "shunt/webhooks/webhook.hpp"

#include <algorithm>
#include <vector>

#include "shunt/generation/error_codes.hpp"
#include "shunt/http/url.hpp"

namespace shunt::webhooks {
namespace {

Error refused(std::string_view pointer, const std::string& why) {
  return invalid_field(pointer, "\"" + std::string(pointer.substr(pointer.empty() ? 0 : 1)) + "\" " + why);
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// Names of the machine itself, wherever they lead (RFC 6761).
bool is_localhost(std::string_view host) {
  return host == "localhost" || host == "localhost." || host.ends_with(".localhost");
}

Result<EventFilter> read_events(const Json& value, std::string_view pointer) {
  if (!value.is_array()) {
    return refused(pointer, "must be an array of event types, got " + std::string(json_kind_name(value)));
  }
  std::vector<std::string> names;
  for (const Json& each : value.get_array()) {
    if (!each.is_string() || !event_named(each.get_string())) {
      return refused(pointer,
                     "may have \"generation.succeeded\", \"generation.failed\" and \"generation.cancelled\"");
    }
    names.emplace_back(each.get_string());
  }
  if (names.empty()) return refused(pointer, "must name at least one event type");
  return *EventFilter::of(names);
}

}  // namespace

Result<void> check_url(const std::string& url, const UrlRules& rules, std::string_view pointer) {
  if (url.size() > kMaxUrlBytes) {
    return refused(pointer, "may have at most " + std::to_string(kMaxUrlBytes) + " bytes")
        .with("limit", kMaxUrlBytes)
        .with("received", url.size());
  }
  const auto parsed = is_printable(url) ? http::parse_url(url) : std::nullopt;
  if (!parsed || parsed->host.empty())
    return refused(pointer, "must be an absolute URL, as in https://host/path");
  if (parsed->scheme != "https" && !(rules.allow_http && parsed->scheme == "http")) {
    return refused(pointer, rules.allow_http ? "must begin with https:// or http://"
                                             : "must begin with https:// (webhooks.allow_http lets http be)");
  }
  if (parsed->has_login) return refused(pointer, "may have no user name and no password");
  if (parsed->has_fragment) return refused(pointer, "may have no fragment");
  const std::string address = is_localhost(parsed->host) ? "127.0.0.1" : parsed->host;
  if (http::AddressRanges::is_range(address) && !http::may_be_reached(address, rules.allowed_addresses)) {
    return refused(pointer, "names an address that is not public and not in webhooks.allowed_addresses");
  }
  return {};
}

Result<Webhook> read_webhook(const Json& value, const UrlRules& rules, std::string_view pointer) {
  if (!value.is_object())
    return refused(pointer, "must be an object, got " + std::string(json_kind_name(value)));
  const std::string base(pointer);
  Webhook webhook;
  for (const auto& [name, member] : value.get_object()) {
    if (name == "url") {
      if (!member.is_string())
        return refused(base + "/url", "must be a string, got " + std::string(json_kind_name(member)));
      webhook.url = member.get_string();
    } else if (name == "events") {
      auto events = read_events(member, base + "/events");
      if (!events) return std::move(events).error();
      webhook.events = *events;
    } else {
      return refused(base + '/' + std::string(name).substr(0, 64), "is not known: url and events are");
    }
  }
  if (auto checked = check_url(webhook.url, rules, base + "/url"); !checked)
    return std::move(checked).error();
  return webhook;
}

std::string endpoint_of(const std::string& url) {
  const auto parsed = http::parse_url(url);
  if (!parsed) return {};
  return parsed->scheme + "://" + parsed->host + ':' + std::to_string(parsed->port);
}

std::string shown_url(const std::string& url) {
  const std::size_t query = url.find('?');
  return query == std::string::npos ? url : url.substr(0, query) + "?***";
}

}  // namespace shunt::webhooks
