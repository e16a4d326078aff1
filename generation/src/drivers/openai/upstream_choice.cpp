#include "drivers/openai/upstream_choice.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "shunt/base/fnv1a.hpp"

namespace shunt::generation::openai {
namespace {

using Places = std::vector<std::size_t>;

// The finishing step of SplitMix64: each bit of the input moves half of the output's.
std::uint64_t mixed(std::uint64_t bits) noexcept {
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebULL;
  return bits ^ (bits >> 31U);
}

// Weighted rendezvous hashing: -weight / ln(u) for a u in (0, 1) that key and server make together.
double score(const UpstreamCandidate& server, std::uint64_t key) {
  const std::uint64_t bits = mixed(key ^ mixed(server.identity + 0x9e3779b97f4a7c15ULL));
  const double u = (static_cast<double>(bits >> 11U) + 0.5) * 0x1.0p-53;
  return -static_cast<double>(std::max<std::size_t>(server.weight, 1)) / std::log(u);
}

std::size_t highest_score(std::span<const UpstreamCandidate> all, const Places& places, std::uint64_t key) {
  return *std::ranges::max_element(places, {}, [&](std::size_t i) { return score(all[i], key); });
}

// Whether the first is less busy for its weight. Weights are at most some thousands (upstream_pool.cpp).
bool less_busy(const UpstreamCandidate& a, const UpstreamCandidate& b) {
  return a.running * std::max<std::size_t>(b.weight, 1) < b.running * std::max<std::size_t>(a.weight, 1);
}

std::size_t least_busy(std::span<const UpstreamCandidate> all, const Places& places, double draw) {
  Places best;
  for (const std::size_t place : places) {
    if (!best.empty() && less_busy(all[place], all[best.front()])) best.clear();
    if (best.empty() || !less_busy(all[best.front()], all[place])) best.push_back(place);
  }
  std::size_t total = 0;
  for (const std::size_t place : best) total += std::max<std::size_t>(all[place].weight, 1);
  double rest = draw * static_cast<double>(total);
  for (const std::size_t place : best) {
    rest -= static_cast<double>(std::max<std::size_t>(all[place].weight, 1));
    if (rest < 0) return place;
  }
  return best.back();
}

template <typename Is>
Places places_of(std::span<const UpstreamCandidate> all, Is is) {
  Places places;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].tried && is(all[i])) places.push_back(i);
  }
  return places;
}

}  // namespace

std::uint64_t stable_hash(std::string_view text) noexcept {
  return mixed(fnv1a(text));
}

std::optional<std::size_t> choose_upstream(std::span<const UpstreamCandidate> candidates,
                                           std::optional<std::uint64_t> sticky, double draw,
                                           LastResort last_resort) {
  using Candidate = UpstreamCandidate;
  Places places = places_of(candidates, [](const Candidate& c) { return c.admits && c.weight > 0; });
  if (places.empty()) places = places_of(candidates, [](const Candidate& c) { return c.admits; });
  if (places.empty() && last_resort == LastResort::kYes) {
    places = places_of(candidates, [](const Candidate&) { return true; });
  }
  if (places.empty()) return std::nullopt;
  return sticky ? highest_score(candidates, places, *sticky) : least_busy(candidates, places, draw);
}

}  // namespace shunt::generation::openai
