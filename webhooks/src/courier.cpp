#include "courier.hpp"

#include <utility>

#include "shunt/base/log.hpp"
#include "shunt/base/random.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/webhooks/webhook.hpp"

namespace shunt::webhooks {
namespace {

// The end of a generation is told so much later at most.
constexpr std::chrono::milliseconds kMostForNews = std::chrono::seconds(5);

// From 0 to 1.
double draw() {
  constexpr unsigned kBits = 53;
  return static_cast<double>(random_number() >> (64U - kBits)) / static_cast<double>(1ULL << kBits);
}

Courier::Outcome nothing_sent(std::string why) {
  Courier::Outcome outcome;
  outcome.verdict = {.kind = Verdict::Kind::kGone, .reason = std::move(why)};
  return outcome;
}

void count(Counters& counters, Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::kDelivered:
      ++counters.delivered;
      break;
    case Verdict::Kind::kRetry:
      ++counters.to_be_repeated;
      break;
    case Verdict::Kind::kGivenUp:
      ++counters.given_up;
      break;
    case Verdict::Kind::kGone:
      ++counters.gone;
      break;
  }
}

void report(const Message& message, const Attempt& attempt, const Verdict& verdict, std::size_t made) {
  if (verdict.kind == Verdict::Kind::kDelivered || verdict.kind == Verdict::Kind::kRetry) {
    log::debug("webhook.attempt", {{"id", message.id}, {"attempt", made}, {"status", attempt.status}});
    return;
  }
  log::warn("webhook.failed", {{"id", message.id},
                               {"generation", message.generation},
                               {"endpoint", endpoint_of(message.url)},
                               {"attempts", made},
                               {"reason", verdict.reason}});
}

}  // namespace

bullmq::awaitable<bool> Courier::is_closed(std::string url) {
  try {
    const bool closed = co_await closed_.contains(std::move(url));
    co_return closed;
  } catch (...) {
    executor::note_caught(faults_, "webhook_closed_endpoints");
  }
  co_return false;
}

bullmq::awaitable<void> Courier::close(std::string url) {
  try {
    co_await closed_.add(std::move(url));
  } catch (...) {
    executor::note_caught(faults_, "webhook_closed_endpoints");
  }
}

bullmq::awaitable<void> Courier::open(std::string url) {
  try {
    co_await closed_.remove(std::move(url));
  } catch (...) {
    executor::note_caught(faults_, "webhook_closed_endpoints");
  }
}

bullmq::awaitable<Courier::Outcome> Courier::deliver(Message message, std::size_t made) {
  const EndpointGate::Visitor visitor{endpoint_of(message.url), message.caller};
  const bool closed = co_await is_closed(message.url);
  if (closed) {
    ++counters_.left_out;
    co_return nothing_sent("the endpoint has answered 410 before: `shunt webhooks test` opens it again");
  }
  std::vector<SigningKey> keys = keys_.of(message.caller);
  if (keys.empty()) {
    ++counters_.given_up;
    Outcome outcome = nothing_sent("no secret is configured to sign it with");
    outcome.verdict.kind = Verdict::Kind::kGivenUp;
    co_return outcome;
  }
  if (const auto pause = gate_.enter(visitor, clock_.steady_now())) {
    Outcome outcome;
    outcome.wait = pause;
    co_return outcome;
  }
  Outcome outcome;
  try {
    Attempt attempt = co_await sender_.send(message, std::move(keys));
    outcome.attempt = std::move(attempt);
  } catch (...) {
    gate_.leave(visitor, clock_.steady_now(), std::nullopt);
    throw;
  }
  gate_.leave(visitor, clock_.steady_now(), throttle_of(*outcome.attempt));
  outcome.verdict = judge(*outcome.attempt, made, attempts_, draw());
  count(counters_, outcome.verdict.kind);
  report(message, *outcome.attempt, outcome.verdict, made);
  if (outcome.verdict.kind == Verdict::Kind::kGone) co_await close(message.url);
  co_return outcome;
}

bullmq::awaitable<std::optional<std::chrono::milliseconds>> Courier::tell_once(Message message) {
  const EndpointGate::Visitor visitor{endpoint_of(message.url), message.caller};
  const std::string url = message.url;
  std::vector<SigningKey> keys = keys_.of(message.caller);
  const bool closed = co_await is_closed(url);
  if (closed || keys.empty()) {
    ++counters_.news_failed;
    co_return std::nullopt;
  }
  if (const auto pause = gate_.enter(visitor, clock_.steady_now())) co_return pause;
  Attempt attempt;
  try {
    Attempt made = co_await sender_.send(std::move(message), std::move(keys), kMostForNews);
    attempt = std::move(made);
  } catch (...) {
    gate_.leave(visitor, clock_.steady_now(), std::nullopt);
    throw;
  }
  gate_.leave(visitor, clock_.steady_now(), throttle_of(attempt));
  const Verdict::Kind kind = judge(attempt, 1, 1, 0).kind;
  ++(kind == Verdict::Kind::kDelivered ? counters_.news_sent : counters_.news_failed);
  if (kind == Verdict::Kind::kGone) co_await close(url);
  co_return std::nullopt;
}

bullmq::awaitable<Attempt> Courier::test(Message message) {
  std::vector<SigningKey> keys = keys_.of(message.caller);
  const std::string url = message.url;
  Attempt attempt = co_await sender_.send(std::move(message), std::move(keys));
  if (judge(attempt, 1, 1, 0).kind == Verdict::Kind::kDelivered) co_await open(url);
  co_return attempt;
}

}  // namespace shunt::webhooks
