#include "drivers/simulator/simulated_plan.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>

#include "shunt/base/fnv1a.hpp"
#include "shunt/base/json_object_reader.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::simulator {
namespace {

constexpr std::array<std::string_view, 32> kWords{
    "a",     "train",  "of",    "wagons", "rolls",  "down",  "the",    "hump",  "and",   "each",   "one",
    "finds", "its",    "track", "while",  "points", "move",  "under",  "it",    "no",    "driver", "looks",
    "back",  "signal", "turns", "green",  "again",  "every", "minute", "until", "night", "falls"};

using Presence = JsonObjectReader::Presence;

Error wrong_input(const JsonObjectReader::Wrong& wrong) {
  const std::string text = to_json_text(wrong.got == nullptr ? Json() : *wrong.got);
  Error error = invalid_field(
      wrong.member_pointer(),
      "input." + std::string(wrong.name) + " must be " + std::string(wrong.expected) + ", got " + text,
      error_code::kInvalidInput);
  error = std::move(error).with("received", text);
  return wrong.limit ? std::move(error).with("limit", *wrong.limit) : error;
}

std::optional<std::chrono::milliseconds> delay(JsonObjectReader& members, std::string_view name) {
  constexpr std::int64_t kHourMs = 3'600'000;
  const auto number = members.integer(name, Presence::kOptional, kHourMs);
  return number ? std::optional(std::chrono::milliseconds(*number)) : std::nullopt;
}

std::optional<std::size_t> count(JsonObjectReader& members, std::string_view name, std::size_t limit) {
  const auto number = members.integer(name, Presence::kOptional, static_cast<std::int64_t>(limit));
  return number ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
}

std::optional<double> fraction(JsonObjectReader& members, std::string_view name) {
  const auto number = members.number(name, Presence::kOptional);
  if (number && (*number < 0 || *number > 1)) members.refuse(name, "a number from 0 to 1");
  return number;
}

}  // namespace

std::uint64_t Random::next() noexcept {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

double Random::fraction() noexcept {
  return std::ldexp(static_cast<double>(next() >> 11), -53);
}

Result<Plan> plan_for(const Json& input, const SimulatorOptions& options) {
  if (!input.is_object()) {
    return invalid_field("/input", "input must be an object like {\"prompt\": \"...\"}",
                         error_code::kInvalidInput);
  }
  JsonObjectReader members(input.get_object(), "/input", wrong_input);
  const Json* const prompt = members.find("prompt");
  if (prompt == nullptr || !prompt->is_string()) members.refuse("prompt", "a string");
  const auto seed = members.integer("seed", Presence::kOptional);
  const auto tokens = count(members, "tokens", options.max_tokens);
  const auto first_token = delay(members, "first_token_ms");
  const auto token_gap = delay(members, "token_gap_ms");
  const auto result_bytes = count(members, "result_bytes", options.max_result_bytes);
  const auto failure_rate = fraction(members, "failure_rate");
  if (members.problem()) return *members.problem();

  // A request without a seed of its own gets always the same one: equal prompts, equal generations.
  Plan plan{.seed = seed ? static_cast<std::uint64_t>(*seed) : fnv1a(prompt->get_string()),
            .tokens = tokens.value_or(options.tokens),
            .first_token = first_token ? *first_token : options.first_token,
            .token_gap = token_gap ? *token_gap : options.token_gap,
            .spread = options.spread,
            .result_bytes = result_bytes.value_or(options.result_bytes),
            .fail_after = {}};
  Random random(plan.seed);
  if (random.fraction() < failure_rate.value_or(options.failure_rate))
    plan.fail_after = random.next() % (plan.tokens + 1);
  return plan;
}

std::chrono::microseconds vary(std::chrono::microseconds mean, double spread, Random& random) noexcept {
  if (mean.count() == 0) return mean;
  const double factor = 1 + spread * (2 * random.fraction() - 1);
  return std::chrono::microseconds(std::llround(static_cast<double>(mean.count()) * factor));
}

void append_token(std::string& out, Random& random) {
  out.append(kWords[random.next() % kWords.size()]).append(" ");
}

std::string noise(std::size_t size, Random& random) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random.next();
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, size - at));
  }
  return bytes;
}

}  // namespace shunt::generation::simulator
