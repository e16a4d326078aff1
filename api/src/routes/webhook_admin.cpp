// What has become of webhooks, for those who operate the service.
#include "representation/generation_body.hpp"
#include "representation/representation.hpp"
#include "representation/webhook_report.hpp"
#include "routes/handlers.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/http/ascii.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::api {
namespace {

using webhooks::Delivery;
using webhooks::DeliveryQuery;

// Long enough for every id of ours.
constexpr std::size_t kMaxIdBytes = 128;

// False: the response has been made a problem.
bool begin_webhook_exchange(Exchange& exchange) {
  if (exchange.service.options.webhooks != nullptr) return accepts(exchange, kJsonType);
  set_problem(
      exchange.response,
      Error{problem_code::kWebhooksDisabled,
            "this service sends no webhooks, as it has nothing to sign them with: set webhooks.secrets"}
          .with("setting", std::string("webhooks.secrets")));
  return false;
}

std::string id_in_path(const Exchange& exchange) {
  return std::string(exchange.route.parameters[0].substr(0, kMaxIdBytes));
}

void set_unknown(Exchange& exchange, const std::string& id) {
  set_problem(exchange.response, Error{problem_code::kDeliveryUnknown,
                                       "there is no delivery \"" + id + "\", or it is no longer kept"});
}

void begin_json(Exchange& exchange, int status) {
  exchange.response.set_json(status);
  exchange.response.add_header("Cache-Control", "no-store");
}

Result<DeliveryQuery> read_query(const Exchange& exchange) {
  auto parameters = http::parse_query(exchange.target.query());
  if (!parameters) return std::move(parameters).error();
  DeliveryQuery query;
  for (const auto& [name, value] : *parameters) {
    if (name == "state") {
      query.state = webhooks::delivery_state_named(value);
      if (!query.state) return bad_parameter(name, "pending, delivered or failed", value);
    } else if (name == "limit") {
      const auto limit = http::parse_unsigned(value);
      if (!limit || *limit == 0 || *limit > DeliveryQuery::kMostAtOnce)
        return bad_parameter(name, "from 1 to 200", value);
      query.limit = static_cast<std::size_t>(*limit);
    } else {
      return bad_parameter(name, "one of state, limit: it is not known", value);
    }
  }
  return query;
}

}  // namespace

http::Task<void> list_deliveries(Exchange& exchange) {
  if (!begin_webhook_exchange(exchange)) co_return;
  const auto query = read_query(exchange);
  if (!query) {
    set_problem(exchange.response, query.error());
    co_return;
  }
  auto asking = answer_of<Result<std::vector<Delivery>>>(
      exchange.client, [&](auto done) { exchange.service.options.webhooks->list(*query, std::move(done)); });
  const auto deliveries = co_await asking;
  if (!deliveries) {
    set_problem(exchange.response, deliveries.error());
    co_return;
  }
  begin_json(exchange, 200);
  append_deliveries(exchange.response.body, *deliveries);
}

http::Task<void> get_delivery(Exchange& exchange) {
  if (!begin_webhook_exchange(exchange)) co_return;
  const std::string id = id_in_path(exchange);
  auto asking = answer_of<Result<std::optional<Delivery>>>(
      exchange.client, [&](auto done) { exchange.service.options.webhooks->find(id, std::move(done)); });
  const auto delivery = co_await asking;
  if (!delivery) {
    set_problem(exchange.response, delivery.error());
  } else if (!*delivery) {
    set_unknown(exchange, id);
  } else {
    begin_json(exchange, 200);
    append_delivery(exchange.response.body, **delivery);
  }
}

http::Task<void> redeliver_webhook(Exchange& exchange) {
  if (!begin_webhook_exchange(exchange)) co_return;
  const std::string id = id_in_path(exchange);
  auto asking = answer_of<Result<webhooks::Redelivery>>(
      exchange.client, [&](auto done) { exchange.service.options.webhooks->redeliver(id, std::move(done)); });
  const auto redelivery = co_await asking;
  if (!redelivery) {
    set_problem(exchange.response, redelivery.error());
  } else if (*redelivery == webhooks::Redelivery::kUnknown) {
    set_unknown(exchange, id);
  } else if (*redelivery == webhooks::Redelivery::kStillGoing) {
    set_problem(exchange.response,
                Error{problem_code::kDeliveryPending, "the delivery \"" + id + "\" has not ended"});
  } else {
    begin_json(exchange, 202);
    JsonObjectWriter object(exchange.response.body);
    object.text("id", id);
    object.text("state", to_string(webhooks::DeliveryState::kPending));
    object.close();
  }
}

http::Task<void> test_webhook(Exchange& exchange) {
  if (!begin_webhook_exchange(exchange) || !reserve_decoding(exchange)) co_return;
  webhooks::Webhooks& service = *exchange.service.options.webhooks;
  auto body = decode_webhook_test(exchange.request.body, body_limits(exchange.options).json);
  drop_body(exchange);
  if (!body) {
    set_problem(exchange.response, body.error());
    co_return;
  }
  if (const auto checked = webhooks::check_url(body->url, service.rules(), "/url"); !checked) {
    set_problem(exchange.response, checked.error());
    co_return;
  }
  const std::string caller = body->key.empty() ? std::string() : "key:" + body->key;
  if (!service.can_sign(caller)) {
    set_problem(exchange.response, invalid_field("/key", "there is no secret to sign with"));
    co_return;
  }
  auto asking = answer_of<Result<webhooks::Attempt>>(
      exchange.client, [&](auto done) { service.test(body->url, caller, std::move(done)); });
  const auto attempt = co_await asking;
  if (!attempt) {
    set_problem(exchange.response, attempt.error());
    co_return;
  }
  begin_json(exchange, 200);
  append_attempt(exchange.response.body, *attempt);
}

}  // namespace shunt::api
