#include "drivers/openai/upstream_pool.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "drivers/openai/secret_source.hpp"
#include "drivers/openai/upstream_headers.hpp"
#include "drivers/random_fraction.hpp"

namespace shunt::generation::openai {
namespace {

using std::chrono::milliseconds;

// More would make labels of metrics without end, and their weights products too large (upstream_choice.cpp).
constexpr std::size_t kMostUpstreams = 64;
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kHighestWeight = 1000;

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

// "base_url" of the second one as "upstreams/1/base_url".
Error of_upstream(Error error, std::size_t index) {
  const std::string place = "upstreams/" + std::to_string(index);
  const std::string field(error.details.at("field").as_string());
  error.details["field"] = '/' + place + field;
  error.message = "upstreams[" + std::to_string(index) + "]." + error.message;
  return error;
}

// The model's options with this server's own in place of theirs.
OpenAiOptions options_of(const OpenAiOptions& options, const OpenAiUpstream& upstream) {
  OpenAiOptions own = options;
  own.upstreams.clear();
  static_cast<OpenAiServer&>(own) = static_cast<const OpenAiServer&>(upstream);
  if (own.model.empty()) own.model = options.model;
  return own;
}

bool is_name(std::string_view name) {
  return name.size() <= kLongestName && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == '.' || c == ':';
         });
}

Result<void> check_one(const OpenAiUpstream& upstream) {
  if (!is_name(upstream.name)) {
    return wrong_option("name", "must be at most " + std::to_string(kLongestName) +
                                    " of A-Z a-z 0-9 . _ : -, as in \"gpu-1\"");
  }
  if (upstream.weight > kHighestWeight) {
    return wrong_option("weight", "must be at most " + std::to_string(kHighestWeight));
  }
  return {};
}

// What belongs to a server is not sent to several by an oversight.
Result<void> check_no_server_beside(const OpenAiOptions& options) {
  const std::pair<std::string_view, bool> given[] = {{"base_url", !options.base_url.empty()},
                                                     {"api_key_env", !options.api_key_env.empty()},
                                                     {"api_key_file", !options.api_key_file.empty()},
                                                     {"headers", !options.headers.empty()},
                                                     {"headers_env", !options.headers_env.empty()},
                                                     {"headers_file", !options.headers_file.empty()},
                                                     {"query", !options.query.empty()}};
  for (const auto& [name, is_given] : given) {
    if (is_given) return wrong_option(name, "belongs to a server: with `upstreams`, give it to each of them");
  }
  return {};
}

}  // namespace

Result<void> check_upstreams(const OpenAiOptions& options) {
  if (options.upstreams.empty()) {
    if (options.base_url.empty()) return wrong_option("base_url", "is missing, and there are no `upstreams`");
    if (options.model.empty())
      return wrong_option("model", "is missing: how does the server call its model?");
    return check_headers(options);
  }
  if (options.upstreams.size() > kMostUpstreams) {
    return wrong_option("upstreams", "must be at most " + std::to_string(kMostUpstreams));
  }
  if (auto alone = check_no_server_beside(options); !alone) return alone;
  for (std::size_t i = 0; i < options.upstreams.size(); ++i) {
    const OpenAiUpstream& upstream = options.upstreams[i];
    if (auto checked = check_one(upstream); !checked) return of_upstream(std::move(checked).error(), i);
    const OpenAiOptions own = options_of(options, upstream);
    if (auto checked = check_headers(own); !checked) return of_upstream(std::move(checked).error(), i);
    if (own.model.empty()) return of_upstream(wrong_option("model", "is missing"), i);
  }
  return {};
}

Result<std::vector<Upstream>> make_upstreams(const OpenAiOptions& options) {
  if (auto checked = check_upstreams(options); !checked) return std::move(checked).error();
  std::vector<Upstream> made;
  if (options.upstreams.empty()) {
    auto only = make_upstream(options);
    if (!only) return std::move(only).error();
    made.push_back(std::move(only).value());
    return made;
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < options.upstreams.size(); ++i) {
    auto next = make_upstream(options_of(options, options.upstreams[i]));
    if (!next) return of_upstream(std::move(next).error(), i);
    next->name =
        options.upstreams[i].name.empty() ? "server-" + std::to_string(i + 1) : options.upstreams[i].name;
    next->weight = options.upstreams[i].weight;
    if (!names.insert(next->name).second) {
      return of_upstream(
          wrong_option("name", "is that of an earlier one (" + next->name + "): give each a name of its own"),
          i);
    }
    made.push_back(std::move(next).value());
  }
  return made;
}

UpstreamPool::UpstreamPool(std::vector<Upstream> upstreams, const UpstreamBreakerOptions& breaker)
    : upstreams_(std::move(upstreams)) {
  for (const Upstream& upstream : upstreams_) {
    standings_.push_back({.identity = stable_hash(upstream.name), .breaker = UpstreamBreaker(breaker)});
  }
}

std::optional<UpstreamPool::Lease> UpstreamPool::take(std::optional<std::uint64_t> sticky,
                                                      const std::vector<bool>& tried,
                                                      LastResort last_resort) {
  if (size() == 1) return tried[0] ? std::nullopt : std::optional<Lease>(std::in_place);
  const SteadyTime now = steady_now();
  std::vector<UpstreamCandidate> candidates;
  candidates.reserve(size());
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < size(); ++i) {
    const Standing& standing = standings_[i];
    candidates.push_back({.weight = upstreams_[i].weight,
                          .running = standing.running,
                          .identity = standing.identity,
                          .admits = standing.breaker.admits(now),
                          .tried = tried[i]});
  }
  const auto chosen = choose_upstream(candidates, sticky, random_fraction(), last_resort);
  if (!chosen) return std::nullopt;
  Standing& standing = standings_[*chosen];
  ++standing.running;
  return Lease(shared_from_this(), *chosen, standing.breaker.enter(now));
}

std::vector<UpstreamStatus> UpstreamPool::status() const {
  const SteadyTime now = steady_now();
  std::vector<UpstreamStatus> all;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < size(); ++i) {
    const Standing& standing = standings_[i];
    all.push_back({.name = upstreams_[i].name,
                   .state = upstream_state_name(standing.breaker.state(now)),
                   .weight = upstreams_[i].weight,
                   .running = standing.running,
                   .good = standing.good,
                   .bad = standing.bad,
                   .refused = standing.refused,
                   .opened = standing.breaker.opened()});
  }
  return all;
}

void UpstreamPool::ended(std::size_t index, const UpstreamBreaker::Pass& pass, UpstreamHealth health,
                         milliseconds rest) noexcept {
  const std::lock_guard lock(mutex_);
  Standing& standing = standings_[index];
  --standing.running;
  if (health == UpstreamHealth::kGood) ++standing.good;
  if (health == UpstreamHealth::kBad) ++standing.bad;
  if (health == UpstreamHealth::kResting) ++standing.refused;
  standing.breaker.leave(steady_now(), pass, health, rest, random_fraction());
}

UpstreamPool::Lease& UpstreamPool::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  end(UpstreamHealth::kNeither);
  pool_ = std::move(other.pool_);
  index_ = other.index_;
  pass_ = other.pass_;
  return *this;
}

void UpstreamPool::Lease::end(UpstreamHealth health, milliseconds rest) noexcept {
  if (const auto pool = std::exchange(pool_, nullptr)) pool->ended(index_, pass_, health, rest);
}

}  // namespace shunt::generation::openai
