#include <chrono>

#include "general_setting.hpp"
#include "settings_table.hpp"
#include "shunt/api/webhook_forms.hpp"
#include "shunt/http/address_ranges.hpp"
#include "shunt/webhooks/signing_key.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using kind::Bytes;
using kind::Count;
using kind::Duration;
using kind::HttpAddress;
using kind::NamesOf;
using kind::Switch;
using webhooks::WebhookOptions;

using General = Setting<Configuration>;

template <typename Value>
auto of_webhooks(Value WebhookOptions::* member) {
  return through(&Configuration::webhooks, member);
}

NamesOf secrets() {
  return {webhooks::is_signing_key, "list of webhook secrets", R"(["whsec_BASE64_OF_24_TO_64_BYTES"])"};
}

NamesOf events() {
  return {
      api::is_webhook_event, "list of events",
      R"(["generation.succeeded", "generation.failed", "generation.cancelled", "response.completed", "response.incomplete", "response.failed", "response.cancelled", "batch.completed", "batch.failed", "batch.expired", "batch.cancelled"])"};
}

std::string shown_secrets(const std::vector<std::string>& texts) {
  return texts.empty() ? "[]" : "(set)";
}

}  // namespace

std::vector<Setting<Configuration>> webhook_settings() {
  std::vector<General> made;
  made.push_back(
      general(
          "webhooks.secrets", secrets(), of_webhooks(&WebhookOptions::secrets),
          "What signs the messages of webhooks (docs/webhooks.md): `whsec_` and base64 of 24 to 64 bytes, "
          "or `whsk_` and base64 of an ed25519 private key. All of them sign, at most 8, so that one can "
          "be rotated out. Empty, and no key has its own: no webhooks are sent.")
          .secret([](const Configuration& c) { return shown_secrets(c.webhooks.secrets); })
          .live());
  made.push_back(
      general("webhooks.url", HttpAddress{}, of_webhooks(&WebhookOptions::url),
              "Where the ends of generations are told whose requests name no `webhook`, of callers "
              "whose key has no `webhook_url`. Empty: nowhere."));
  made.push_back(
      general("webhooks.events", events(), of_webhooks(&WebhookOptions::events),
              "Which ends are told there: `generation.*`; `response.*` of OpenAI's background responses, "
              "which are told in OpenAI's form where one is listed and in ours otherwise; `batch.*` of "
              "OpenAI's batches. None listed: all of ours."));
  made.push_back(
      general("webhooks.allow_http", Switch{}, of_webhooks(&WebhookOptions::allow_http),
              "Let webhooks name `http://` beside `https://`: what is sent can be read on its way."));
  made.push_back(
      general("webhooks.allowed_addresses",
              NamesOf{http::AddressRanges::is_range, "list of addresses", R"(["10.0.0.0/8", "127.0.0.1"])"},
              of_webhooks(&WebhookOptions::allowed_addresses),
              "Addresses and ranges that webhooks may reach although they are not public (loopback, private, "
              "link-local, ...)."));
  made.push_back(general("webhooks.attempts", Count{1, 10}, of_webhooks(&WebhookOptions::attempts),
                         "How often a message is sent at most: at once, and after 5 s, 5 m, 30 m, 2 h, 5 h, "
                         "10 h, 14 h, 20 h and 24 h more."));
  made.push_back(general("webhooks.concurrency", Count{1, 1000}, of_webhooks(&WebhookOptions::concurrency),
                         "Attempts under way at one endpoint (scheme, host, port), of each process."));
  made.push_back(general("webhooks.timeout", Duration{100ms, 1min}, of_webhooks(&WebhookOptions::timeout),
                         "Of one attempt, from the look-up of the name to the end of the answer."));
  made.push_back(general("webhooks.max_payload_bytes", Bytes{4096, std::size_t{1} << 20U},
                         of_webhooks(&WebhookOptions::max_payload_bytes),
                         "A message that would be longer has a link in place of the output."));
  made.push_back(
      general("webhooks.public_url", HttpAddress{}, of_webhooks(&WebhookOptions::public_url),
              "How receivers reach this service, as `https://shunt.example.com`: stands in front of "
              "the links of messages. Empty: they are relative."));
  made.push_back(general("webhooks.history", Duration{1min, 24h * 365}, of_webhooks(&WebhookOptions::history),
                         "How long an ended delivery is kept, for `shunt webhooks` and against doubles."));
  made.push_back(general("webhooks.max_history", Count{1, 10'000'000},
                         of_webhooks(&WebhookOptions::max_history),
                         "How many ended deliveries are kept, of delivered and of failed ones each."));
  return made;
}

std::vector<Setting<api::ApiKey>> webhook_key_settings() {
  using api::ApiKey;
  return {
      setting<ApiKey>("webhook_url", HttpAddress{}, &ApiKey::webhook_url,
                      "Where the ends of its generations are told whose requests name no `webhook`. Empty: "
                      "nowhere."),
      setting<ApiKey>(
          "webhook_events", events(), &ApiKey::webhook_events,
          "Which ends are told there: ours, and those of OpenAI's background responses and batches, as "
          "`webhooks.events`. None listed: all of ours."),
      setting<ApiKey>("webhook_secrets", secrets(), &ApiKey::webhook_secrets,
                      "What signs its webhooks, in place of `webhooks.secrets`.")
          .secret([](const ApiKey& key) { return shown_secrets(key.webhook_secrets); }),
  };
}

}  // namespace shunt::config
