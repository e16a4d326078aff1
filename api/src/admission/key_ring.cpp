#include "admission/key_ring.hpp"

#include <algorithm>

#include "shunt/base/digest.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api {
namespace {

BucketLimit bucket_limit(const ApiKey& config) {
  const double burst = config.burst > 0 ? static_cast<double>(config.burst) : config.requests_per_second;
  // A bucket that holds less than one token would never let anything in.
  return {config.requests_per_second, std::max(1.0, burst)};
}

// A key that names no scopes may do what every key could before there were any: all but to change the service
// itself.
std::uint32_t scopes_of(const ApiKey& config) {
  const auto bit = [](Scope scope) { return 1U << static_cast<unsigned>(scope); };
  if (config.scopes.empty()) return bit(Scope::kGenerate) | bit(Scope::kMetrics) | bit(Scope::kStatus);
  std::uint32_t scopes = 0;
  for (const Scope scope : config.scopes) scopes |= bit(scope);
  if ((scopes & bit(Scope::kAdmin)) != 0) scopes |= bit(Scope::kStatus);
  return scopes;
}

Key::Rate rate_of(const TokenBucket& bucket, const BucketLimit& limit) {
  const std::chrono::duration<double> missing((limit.burst - bucket.tokens) / limit.per_second);
  return {.limit = static_cast<std::size_t>(limit.burst),
          .remaining = static_cast<std::size_t>(bucket.tokens),
          .full_in = std::chrono::ceil<std::chrono::milliseconds>(missing)};
}

std::shared_ptr<KeyUsage> or_fresh(std::shared_ptr<KeyUsage> usage, const BucketLimit& limit,
                                   SteadyTime now) {
  if (usage) return usage;
  auto made = std::make_shared<KeyUsage>();
  made->bucket = full_bucket(limit, now);
  return made;
}

}  // namespace

std::string_view scope_name(Scope scope) noexcept {
  switch (scope) {
    case Scope::kGenerate:
      return "generate";
    case Scope::kMetrics:
      return "metrics";
    case Scope::kStatus:
      return "status";
    case Scope::kAdmin:
      return "admin";
  }
  return "";
}

Key::Key(ApiKey config, SteadyTime now, std::shared_ptr<KeyUsage> usage)
    : config_(std::move(config)),
      caller_("key:" + config_.name),
      limit_(bucket_limit(config_)),
      scopes_(scopes_of(config_)),
      usage_(or_fresh(std::move(usage), limit_, now)) {}

Key::Lease::~Lease() {
  if (!usage_) return;
  const std::lock_guard lock(usage_->mutex);
  --usage_->running;
}

Key::LeaseOutcome Key::admit(SteadyTime now) const {
  const std::lock_guard lock(usage_->mutex);
  if (config_.max_concurrent > 0 && usage_->running >= config_.max_concurrent) {
    return TooManyConcurrent{config_.max_concurrent};
  }
  std::optional<Rate> rate;
  if (config_.requests_per_second > 0) {
    const auto wait = take_token(usage_->bucket, limit_, now);
    if (wait.count() > 0) return RateLimited{wait};
    rate = rate_of(usage_->bucket, limit_);
  }
  ++usage_->running;
  return LeaseOutcome(std::in_place_type<Lease>, usage_, rate);
}

Key::BodyShare::~BodyShare() {
  if (!usage_) return;
  const std::lock_guard lock(usage_->mutex);
  usage_->body_bytes -= bytes_;
}

std::optional<Key::BodyShare> Key::admit_body(std::uint64_t bytes, std::uint64_t most) const {
  const std::lock_guard lock(usage_->mutex);
  const std::uint64_t used = usage_->body_bytes;
  if (used > 0 && (used > most || bytes > most - used)) return std::nullopt;
  usage_->body_bytes += bytes;
  return std::optional<BodyShare>(std::in_place, usage_, bytes);
}

bool Key::may_use(std::string_view model) const {
  return config_.models.empty() || std::ranges::find(config_.models, model) != config_.models.end();
}

KeyRing::KeyRing(const std::vector<ApiKey>& keys, SteadyTime now, const KeyRing* before) {
  for (const ApiKey& key : keys) {
    std::shared_ptr<KeyUsage> usage;
    if (before != nullptr) {
      const auto same = [&](const auto& other) { return other->config().name == key.name; };
      const auto found = std::ranges::find_if(before->keys_, same);
      if (found != before->keys_.end()) usage = (*found)->usage_;
    }
    keys_.push_back(std::make_shared<const Key>(key, now, std::move(usage)));
  }
}

std::shared_ptr<const Key> KeyRing::find(const http::Headers& headers) const {
  if (!headers.has("Authorization")) {
    const std::string_view key = headers.has("api-key") ? headers.get("api-key") : headers.get("x-api-key");
    return find_text(http::trim(key));
  }
  std::string_view rest = http::trim(headers.get("Authorization"));
  const std::string_view scheme = http::take_until(rest, ' ');
  return http::equals_ignoring_case(scheme, "Bearer") ? find_text(http::trim(rest)) : nullptr;
}

std::shared_ptr<const Key> KeyRing::find_caller(std::string_view caller) const {
  const auto found =
      std::ranges::find(keys_, caller, [](const auto& key) -> std::string_view { return key->caller(); });
  return found == keys_.end() ? nullptr : *found;
}

std::shared_ptr<const Key> KeyRing::find_text(std::string_view text) const {
  const std::string digest = sha256_hex(text);
  std::shared_ptr<const Key> found;
  for (const auto& key : keys_) {
    if (equal_in_constant_time(digest, key->config().sha256_hex)) found = key;
  }
  return found;
}

}  // namespace shunt::api
