#include "routes/repeated_call.hpp"

#include <algorithm>

#include "routes/form_receiver.hpp"
#include "shunt/base/digest.hpp"

namespace shunt::api {
namespace {

// Clients that send again at once do so within a millisecond; a loop that is busy sees the break some later.
constexpr std::chrono::milliseconds kBreakSeenWithin{50};
// Whoever says that it sends again waits until the earlier one's submit is through.
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

http::Task<std::optional<GenerationId>> join_repeated(Exchange& exchange, std::string key,
                                                      RepeatedPosts::Rule rule) {
  RepeatedPosts& posts = exchange.service.repeated;
  http::ClientSocket& client = exchange.client;
  const std::chrono::milliseconds longest = rule == RepeatedPosts::Rule::kBroken
                                                ? kBreakSeenWithin
                                                : std::chrono::milliseconds(kSubmitThroughWithin);
  const SteadyTime until = std::chrono::steady_clock::now() + longest;
  std::optional<GenerationId> joined;
  for (;;) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const bool patient = now < until && !client.broken();
    const auto outcome = posts.begin(key, rule, patient, now, client.remote_wake());
    if (const auto* const fresh = std::get_if<RepeatedPosts::Fresh>(&outcome)) {
      exchange.repeated.emplace(posts, fresh->ticket);
      break;
    }
    if (const auto* const found = std::get_if<RepeatedPosts::Joined>(&outcome)) {
      exchange.repeated.emplace(posts, found->ticket);
      joined = found->id;
      break;
    }
    client.set_deadline(std::chrono::ceil<std::chrono::milliseconds>(until - now));
    co_await client.wake();
  }
  client.clear_deadline();
  co_return joined;
}

}  // namespace shunt::api
