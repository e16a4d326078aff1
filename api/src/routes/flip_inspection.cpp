// What can be looked at of the flip: whether it may go up, whether Redis may go, who did what.
#include "representation/flip_order.hpp"
#include "representation/flip_report.hpp"
#include "representation/generation_body.hpp"
#include "routes/flip_exchange.hpp"
#include "routes/handlers.hpp"
#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/inspection.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api {
namespace {

// FlipControl's own bound of a page.
constexpr std::size_t kLargestLogPage = 1'000;
constexpr std::size_t kLogPage = 50;
// What an entry takes as a rule, from its text to the values that it becomes.
constexpr std::size_t kEntryBytes = 2UL * 1024;

// Of the mismatches that are kept; with content one is 5 KiB at most.
constexpr std::size_t kShownMismatches = 50;

struct LogQuery {
  std::uint64_t from = 0;  // 0: the last ones
  std::size_t count = kLogPage;
};

Result<LogQuery> read_log_query(const Exchange& exchange) {
  auto parameters = http::parse_query(exchange.target.query());
  if (!parameters) return std::move(parameters).error();
  LogQuery query;
  for (const auto& [name, value] : *parameters) {
    const auto number = http::parse_unsigned(value);
    const bool is_safe = number && *number <= static_cast<std::uint64_t>(kMaxSafeInteger);
    if (name == "from") {
      if (!is_safe) return bad_parameter(name, "an entry's number, or 0 for the last ones", value);
      query.from = *number;
    } else if (name == "count") {
      if (!is_safe || *number == 0 || *number > kLargestLogPage)
        return bad_parameter(name, "from 1 to 1000", value);
      query.count = static_cast<std::size_t>(*number);
    } else {
      return bad_parameter(name, "one of from, count: it is not known", value);
    }
  }
  return query;
}

// accept=results,keys
Result<flip::AcceptedLoss> read_accepted(const Exchange& exchange) {
  auto parameters = http::parse_query(exchange.target.query());
  if (!parameters) return std::move(parameters).error();
  flip::AcceptedLoss accepted;
  for (const auto& [name, value] : *parameters) {
    if (name != "accept") return bad_parameter(name, "accept: it is not known", value);
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view what = http::take_until(rest, ',');
      if (what == "results") {
        accepted.results = true;
      } else if (what == "keys") {
        accepted.keys = true;
      } else {
        return bad_parameter(name, "a list of what may be lost: results, keys", value);
      }
    }
  }
  return accepted;
}

}  // namespace

http::Task<void> report_preflight(Exchange& exchange) {
  if (!begin_flip_exchange(exchange) || !reserve_decoding(exchange)) co_return;
  auto order = decode_flip_order(exchange.request.body, FlipBody::kPlan, body_limits(exchange.options).json);
  if (!order) {
    set_problem(exchange.response, order.error());
    co_return;
  }
  drop_body(exchange);
  auto asking = answer_of<std::vector<flip::Check>>(exchange.client, [&](auto done) {
    exchange.service.options.inspection->preflight(std::move(order->plan), std::move(done));
  });
  const std::vector<flip::Check> checks = co_await asking;
  answer_flip(exchange, preflight_object(checks));
}

http::Task<void> report_drain(Exchange& exchange) {
  if (!begin_flip_exchange(exchange)) co_return;
  const auto accepted = read_accepted(exchange);
  if (!accepted) {
    set_problem(exchange.response, accepted.error());
    co_return;
  }
  auto asking = answer_of<Result<flip::DrainFacts>>(
      exchange.client, [&](auto done) { exchange.service.options.inspection->drain(std::move(done)); });
  const auto facts = co_await asking;
  if (!facts) {
    set_problem(exchange.response, facts.error());
    co_return;
  }
  answer_flip(exchange, drain_object(*facts, *accepted));
}

http::Task<void> report_flip_log(Exchange& exchange) {
  if (!begin_flip_exchange(exchange)) co_return;
  const auto query = read_log_query(exchange);
  if (!query) {
    set_problem(exchange.response, query.error());
    co_return;
  }
  auto asking = answer_of<Result<flip::FlipLogPage>>(exchange.client, [&](auto done) {
    exchange.service.options.flip->log(query->from, query->count, std::move(done));
  });
  const auto page = co_await asking;
  if (!page) {
    set_problem(exchange.response, page.error());
    co_return;
  }
  if (!reserve_answer(exchange, page->entries.size() * kEntryBytes)) co_return;
  answer_flip(exchange, flip_log_object(*page));
}

http::Task<void> verify_flip_log(Exchange& exchange) {
  if (!begin_flip_exchange(exchange)) co_return;
  auto asking = answer_of<Result<flip::ChainReport>>(
      exchange.client, [&](auto done) { exchange.service.options.flip->verify_log(std::move(done)); });
  const auto report = co_await asking;
  if (!report) {
    set_problem(exchange.response, report.error());
    co_return;
  }
  answer_flip(exchange, chain_object(*report));
}

http::Task<void> report_shadow(Exchange& exchange) {
  if (!begin_flip_exchange(exchange)) co_return;
  auto asking = answer_of<flip::FleetShadow>(
      exchange.client, [&](auto done) { exchange.service.options.flip->shadow_counts(std::move(done)); });
  const flip::FleetShadow fleet = co_await asking;
  const flip::ShadowReport own = exchange.service.options.inspection->shadow();
  answer_flip(exchange, shadow_object(fleet, own.mismatches, kShownMismatches));
}

}  // namespace shunt::api
