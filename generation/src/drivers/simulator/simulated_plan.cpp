#include "drivers/simulator/simulated_plan.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <string_view>

#include "shunt/generation/error_codes.hpp"

namespace shunt::simulator {
namespace {

constexpr std::array<std::string_view, 32> kWords{
    "a",     "train",  "of",    "wagons", "rolls",  "down",  "the",    "hump",  "and",   "each",   "one",
    "finds", "its",    "track", "while",  "points", "move",  "under",  "it",    "no",    "driver", "looks",
    "back",  "signal", "turns", "green",  "again",  "every", "minute", "until", "night", "falls"};

Error wrong_input(std::string_view member, std::string_view expected, const Json& received) {
  const std::string text = to_json_text(received);
  return invalid_field("/input/" + std::string(member),
                       "input." + std::string(member) + " must be " + std::string(expected) + ", got " + text,
                       error_code::kInvalidInput)
      .with("received", text);
}

// Reads optional members of the input; the first that is wrong is remembered.
class InputReader {
 public:
  explicit InputReader(const JsonObject& input) : input_(input) {}

  void integer(std::string_view member, std::int64_t maximum, const std::function<void(std::int64_t)>& take) {
    const Json* value = input_.if_contains(member);
    if (value == nullptr || failure_) return;
    if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > maximum) {
      failure_ = wrong_input(member, "an integer from 0 to " + std::to_string(maximum), *value)
                     .with("limit", maximum);
      return;
    }
    take(value->get_int64());
  }

  void fraction(std::string_view member, double& to) {
    const Json* value = input_.if_contains(member);
    if (value == nullptr || failure_) return;
    boost::system::error_code not_a_number;
    const auto number = value->to_number<double>(not_a_number);
    if (not_a_number || number < 0 || number > 1) {
      failure_ = wrong_input(member, "a number from 0 to 1", *value);
      return;
    }
    to = number;
  }

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  const JsonObject& input_;
  std::optional<Error> failure_;
};

// Without a seed of its own a request still gets always the same one: equal prompts, equal generations.
std::uint64_t seed_of(std::string_view prompt) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a, 64 bits
  for (const char c : prompt) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
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
  const JsonObject& members = input.get_object();
  const Json* prompt = members.if_contains("prompt");
  if (prompt == nullptr || !prompt->is_string()) {
    return wrong_input("prompt", "a string", prompt == nullptr ? Json() : *prompt);
  }
  Plan plan{.seed = seed_of(prompt->get_string()),
            .tokens = options.tokens,
            .first_token = options.first_token,
            .token_gap = options.token_gap,
            .spread = options.spread,
            .result_bytes = options.result_bytes,
            .fail_after = {}};
  double failure_rate = options.failure_rate;
  constexpr std::int64_t kHourMs = 3'600'000;
  InputReader reader(members);
  reader.integer("seed", kMaxSafeInteger, [&](auto n) { plan.seed = static_cast<std::uint64_t>(n); });
  reader.integer("tokens", static_cast<std::int64_t>(options.max_tokens),
                 [&](auto n) { plan.tokens = static_cast<std::size_t>(n); });
  reader.integer("first_token_ms", kHourMs, [&](auto n) { plan.first_token = std::chrono::milliseconds(n); });
  reader.integer("token_gap_ms", kHourMs, [&](auto n) { plan.token_gap = std::chrono::milliseconds(n); });
  reader.integer("result_bytes", static_cast<std::int64_t>(options.max_result_bytes),
                 [&](auto n) { plan.result_bytes = static_cast<std::size_t>(n); });
  reader.fraction("failure_rate", failure_rate);
  if (reader.failure()) return *reader.failure();

  Random random(plan.seed);
  if (random.fraction() < failure_rate) plan.fail_after = random.next() % (plan.tokens + 1);
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

}  // namespace shunt::simulator
