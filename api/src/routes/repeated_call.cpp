#include "routes/repeated_call.hpp"

#include <algorithm>

#include "routes/form_receiver.hpp"
#include "shunt/base/digest.hpp"

namespace shunt::api {
namespace {

// Clients that send again at once do so within a millisecond; a loop that is busy sees the break some later,
// and not before the submit is through.
constexpr std::chrono::milliseconds kBreakSeenWithin{50};
// How long a submit may take that is waited for.
constexpr std::chrono::seconds kSubmitThroughWithin{10};

}  // namespace

std::string post_key(const Exchange& exchange) {
  std::string key;
  if (exchange.key != nullptr) {
    key = caller_of(exchange);
  } else {
    key = exchange.client.peer().to_string();
  }
  key.append("\n").append(exchange.request.target).append("\n");
  key += sha256_hex(exchange.request.body);
  return key;
}

http::Task<bool> stays_abandoned(Exchange& exchange) {
  if (!exchange.repeated) co_return true;
  exchange.repeated->broke();
  http::ClientSocket& client = exchange.client;
  const std::chrono::milliseconds grace = exchange.options.retry_grace;
  const SteadyTime until = std::chrono::steady_clock::now() + grace;
  for (SteadyTime now = until - grace; now < until; now = std::chrono::steady_clock::now()) {
    if (exchange.service.state.leaving.load(std::memory_order_relaxed)) co_return false;
    client.set_deadline(std::chrono::ceil<std::chrono::milliseconds>(until - now));
    co_await client.wake();
  }
  client.clear_deadline();
  if (!exchange.repeated->is_abandoned(grace)) co_return false;
  // What another process has joined goes on for that one's client; where that is not known, too.
  auto asking =
      answer_of<bool>(client, [&](auto done) { exchange.repeated->keep_from_others(std::move(done)); });
  co_return co_await asking;
}

// One that may be sent again, and is not known here, may have been left in another process.
http::Task<std::optional<GenerationId>> left_elsewhere(Exchange& exchange, const std::string& key,
                                                       RepeatedPosts::Rule rule) {
  if (rule == RepeatedPosts::Rule::kFirst) co_return std::nullopt;
  auto asking = answer_of<std::optional<GenerationId>>(
      exchange.client, [&](auto done) { exchange.service.repeated.take_from_others(key, std::move(done)); });
  const std::optional<GenerationId> id = co_await asking;
  if (id) exchange.repeated->accepted(*id);
  co_return id;
}

http::Task<std::optional<GenerationId>> join_repeated(Exchange& exchange, std::string key,
                                                      RepeatedPosts::Rule rule) {
  RepeatedPosts& posts = exchange.service.repeated;
  http::ClientSocket& client = exchange.client;
  using Patience = RepeatedPosts::Patience;
  const SteadyTime began = std::chrono::steady_clock::now();
  SteadyTime changed = began;  // when more was last known of equal ones
  std::optional<GenerationId> joined;
  bool waited = false;
  for (;;) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const SteadyTime breaks_until = changed + kBreakSeenWithin;
    const SteadyTime submits_until = began + kSubmitThroughWithin;
    Patience patience = Patience::kNone;
    // Also for one whose connection had broken before: it would begin another generation for nobody.
    if (!(waited && client.broken()) && now < submits_until)
      patience = now < breaks_until ? Patience::kBreak : Patience::kSubmit;
    // Who has left while it waited was sent again itself: one that came later may be open by now, and is it.
    const bool has_left = waited && (client.ended() || client.broken());
    const auto outcome =
        posts.begin(key, has_left ? RepeatedPosts::Rule::kRetry : rule, patience, now, client.remote_wake());
    if (const auto* const fresh = std::get_if<RepeatedPosts::Fresh>(&outcome)) {
      exchange.repeated.emplace(posts, fresh->ticket);
      break;
    }
    if (const auto* const found = std::get_if<RepeatedPosts::Joined>(&outcome)) {
      exchange.repeated.emplace(posts, found->ticket);
      joined = found->id;
      break;
    }
    const SteadyTime until =
        patience == Patience::kBreak ? std::min(breaks_until, submits_until) : submits_until;
    client.set_deadline(std::chrono::ceil<std::chrono::milliseconds>(until - now));
    client.watch();
    co_await client.wake();
    waited = true;
    if (!client.expired()) changed = std::chrono::steady_clock::now();
  }
  client.clear_deadline();
  if (!joined) {
    auto asking = left_elsewhere(exchange, key, rule);
    joined = co_await asking;
  }
  co_return joined;
}

}  // namespace shunt::api
