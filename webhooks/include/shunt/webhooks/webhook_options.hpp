#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// What the configuration says of webhooks ([webhooks] of shunt.toml).
struct WebhookOptions {
  std::vector<std::string> secrets;  // SigningKey::parse; all of them sign
  // Where the ends of generations are told of callers who have no such place of their own, and which ends:
  // names of ours (event_named) and of other APIs' forms.
  std::string url;                             // "": nowhere
  std::vector<std::string> events;             // empty: all ends, in our form
  bool allow_http = false;                     // beside https
  std::vector<std::string> allowed_addresses;  // that are not public: http::AddressRanges
  std::size_t attempts = 10;                   // of a delivery, the first one included
  std::size_t concurrency = 4;                 // attempts at one endpoint at once, by one process
  std::chrono::milliseconds timeout = std::chrono::seconds(20);    // of an attempt
  std::size_t max_payload_bytes = 20 * 1024;                       // beyond it a link stands for the output
  std::string public_url;                                          // in front of links; "": they are relative
  std::chrono::milliseconds history = std::chrono::hours(24 * 7);  // how long an ended delivery is kept
  std::size_t max_history = 10'000;                                // and how many
};

}  // namespace shunt::webhooks
