#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/http/address_ranges.hpp"
#include "shunt/webhooks/event_filter.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// What is told of a generation before its end: once, as well as that can be done, by the process that has
// taken the request.
struct News {
  bool start = false;   // it has begun
  bool output = false;  // there is more of its output
  bool logs = false;    // there are more lines of its log

  [[nodiscard]] bool any() const noexcept { return start || output || logs; }
  friend bool operator==(const News&, const News&) = default;
};

// Where a generation's end is to be told, and which ends.
struct Webhook {
  std::string url;
  EventFilter events;
  // Which form its message has (WebhooksSurroundings::forms); "" = ours.
  std::string form{};
  // The ends that are told, in the words of the form (BodyForm::end_name); empty: all that `events` has.
  std::vector<std::string> end_names{};
  News news{};
};

// What a webhook's URL may be. What a name leads to is looked at when it is connected to.
struct UrlRules {
  bool allow_http = false;
  http::AddressRanges allowed_addresses{};  // beside the public ones
};
inline constexpr std::size_t kMaxUrlBytes = 2'048;

// Refuses a URL that is none, is too long, has a login or a fragment, is not https (nor, where allowed,
// http), or names an address that must not be reached. The error (`invalid_request`) names `pointer`, and
// never quotes the URL, which may hold a secret. Pure.
[[nodiscard]] Result<void> check_url(const std::string& url, const UrlRules& rules, std::string_view pointer);

// {"url": text, "events": [types]} as a request has it, read strictly; without events all are wanted. The
// error names the member under `pointer`. Pure.
[[nodiscard]] Result<Webhook> read_webhook(const Json& value, const UrlRules& rules,
                                           std::string_view pointer);

// "https://host:443": what shares a limit.
[[nodiscard]] std::string endpoint_of(const std::string& url);
// The URL for logs and lists of attempts: without its query, which may hold a secret.
[[nodiscard]] std::string shown_url(const std::string& url);

}  // namespace shunt::webhooks
