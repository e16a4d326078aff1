// GET /admin/flip and what moves it: for people, behind `shunt flip`.
#include "representation/flip_order.hpp"
#include "representation/flip_report.hpp"
#include "representation/generation_body.hpp"
#include "routes/flip_exchange.hpp"
#include "routes/handlers.hpp"
#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/inspection.hpp"

namespace shunt::api {
namespace {

using flip::FlipEvent;

struct Move {
  FlipEvent event = FlipEvent::kHold;
  FlipBody body = FlipBody::kMove;
};

Move move_of(RouteId route) {
  switch (route) {
    case RouteId::kFlipStart:
      return {FlipEvent::kStart, FlipBody::kStart};
    case RouteId::kFlipPromote:
      return {FlipEvent::kAdvance, FlipBody::kMove};
    case RouteId::kFlipResume:
      return {FlipEvent::kResume, FlipBody::kMove};
    case RouteId::kFlipBack:
      return {FlipEvent::kBack, FlipBody::kMove};
    case RouteId::kFlipAbort:
      return {FlipEvent::kAbort, FlipBody::kMove};
    case RouteId::kFlipForce:
      return {FlipEvent::kForceSync, FlipBody::kForce};  // or the queue, as the body says
    case RouteId::kFlipRelease:
      return {FlipEvent::kRelease, FlipBody::kMove};
    default:
      return {FlipEvent::kHold, FlipBody::kMove};
  }
}

// Whoever sends work from the queue to the sync executors is told what of it those will refuse.
bool leads_to_sync(FlipEvent event) noexcept {
  return event == FlipEvent::kBack || event == FlipEvent::kAbort || event == FlipEvent::kForceSync;
}

std::string asker_of(const Exchange& exchange) {
  return exchange.key == nullptr ? std::string("loopback") : exchange.key->config().name;
}

http::Task<std::optional<flip::FleetFacts>> fleet_of(Exchange& exchange) {
  auto asking = answer_of<std::optional<flip::FleetFacts>>(
      exchange.client, [&](auto done) { exchange.service.options.inspection->fleet(std::move(done)); });
  auto fleet = co_await asking;
  co_return fleet;
}

}  // namespace

http::Task<void> report_flip(Exchange& exchange) {
  if (!begin_flip_exchange(exchange)) co_return;
  auto asking = answer_of<flip::FlipStatus>(
      exchange.client, [&](auto done) { exchange.service.options.flip->status(std::move(done)); });
  const flip::FlipStatus status = co_await asking;
  auto looking = fleet_of(exchange);
  const auto fleet = co_await looking;
  JsonObject object = flip_status_object(status);
  if (fleet) object.emplace("sync_capacity", sync_capacity_object(*fleet));
  answer_flip(exchange, object);
}

http::Task<void> move_flip(Exchange& exchange) {
  if (!begin_flip_exchange(exchange) || !reserve_decoding(exchange)) co_return;
  const Move move = move_of(exchange.route.route->id);
  auto order = decode_flip_order(exchange.request.body, move.body, body_limits(exchange.options).json);
  if (!order) {
    set_problem(exchange.response, order.error());
    co_return;
  }
  drop_body(exchange);
  flip::FlipRequest request{.event = order->force.value_or(move.event),
                            .plan = std::move(order->plan),
                            .by = {flip::ActorKind::kPerson, asker_of(exchange)},
                            .why = std::move(order->why),
                            .overrides = std::move(order->overrides)};
  const FlipEvent event = request.event;
  auto applying = answer_of<Result<flip::FlipChange>>(exchange.client, [&](auto done) {
    exchange.service.options.flip->apply(std::move(request), std::move(done));
  });
  const auto change = co_await applying;
  if (!change) {
    set_problem(exchange.response, change.error());
    co_return;
  }
  JsonObject object = flip_change_object(*change);
  // Without Redis nothing is known of the fleet, and nobody should wait for that now.
  if (leads_to_sync(event) && change->stored) {
    auto looking = fleet_of(exchange);
    const auto fleet = co_await looking;
    if (fleet) object.emplace("sync_capacity", sync_capacity_object(*fleet));
  }
  answer_flip(exchange, object);
}

}  // namespace shunt::api
