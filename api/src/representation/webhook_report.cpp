#include "representation/webhook_report.hpp"

#include "representation/strict_body.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::api {
namespace {

using webhooks::Attempt;
using webhooks::Delivery;

void append_summary(JsonObjectWriter& object, const Delivery& delivery) {
  object.text("id", delivery.message.id);
  object.text("type", delivery.message.type);
  object.text("generation", delivery.message.generation);
  object.text("url", delivery.message.url);
  if (!delivery.message.caller.empty()) object.text("caller", delivery.message.caller);
  object.text("state", to_string(delivery.state));
  object.time("created_at", delivery.created_at);
  object.number("attempts", delivery.made);
  if (delivery.next_attempt) object.time("next_attempt_at", *delivery.next_attempt);
  // Redis' word, or an endpoint's.
  if (!delivery.reason.empty()) object.text("reason", to_valid_utf8(excerpt(delivery.reason)));
}

}  // namespace

void append_attempt(std::string& out, const Attempt& attempt) {
  JsonObjectWriter object(out);
  object.time("at", attempt.at);
  object.number("took_ms", attempt.took.count());
  if (attempt.status != 0) object.number("status", attempt.status);
  if (!attempt.error.empty()) object.text("error", to_valid_utf8(excerpt(attempt.error)));
  if (attempt.retry_after) object.number("retry_after_ms", attempt.retry_after->count());
  object.close();
}

void append_deliveries(std::string& out, const std::vector<Delivery>& deliveries) {
  out += "{\"deliveries\":[";
  for (const Delivery& delivery : deliveries) {
    if (out.back() != '[') out += ',';
    JsonObjectWriter object(out);
    append_summary(object, delivery);
    object.close();
  }
  out += "]}";
}

void append_delivery(std::string& out, const Delivery& delivery) {
  JsonObjectWriter object(out);
  append_summary(object, delivery);
  std::string& log = object.begin("log");
  log += '[';
  for (const Attempt& attempt : delivery.attempts) {
    if (log.back() != '[') log += ',';
    append_attempt(log, attempt);
  }
  log += ']';
  object.close();
}

Result<WebhookTestBody> decode_webhook_test(std::string_view body, const JsonLimits& limits) {
  auto object = parse_object(body, limits);
  if (!object) return std::move(object).error();
  if (auto known = only_known(*object, "", {"url", "key"}); !known) return std::move(known).error();
  JsonObjectReader members(std::move(*object), "", wrong_member);
  WebhookTestBody test;
  test.url = members.text("url", JsonObjectReader::Presence::kOptional);
  test.key = members.text("key", JsonObjectReader::Presence::kOptional);
  if (members.problem()) return *members.problem();
  return test;
}

}  // namespace shunt::api
