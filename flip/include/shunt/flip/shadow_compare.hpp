#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/generation/generation_record.hpp"

namespace shunt::flip {

// How the ends of one model are compared. A generator may be random, so that what differs between two runs of
// one request says nothing of the executor.
struct ShadowRules {
  // JSON pointers into the result whose values are not looked at. An element "*" stands for any member or
  // index.
  std::vector<std::string> ignore{};
  double number_tolerance = 0;  // of the larger of two numbers, from 0 to 1
  enum class Text {
    kExact,       // by their bytes
    kLengthBand,  // by their lengths
    kIgnored,
  };
  Text text = Text::kExact;  // of the generation's text, and of texts in the result
  double length_band =
      0.5;  // with kLengthBand: the shorter one has at least this share of the longer one's bytes
};

enum class ShadowClass {
  kEqual,
  kEqualByRules,  // once the model's rules have been applied
  kOtherContent,  // both succeeded with other content
  kOtherError,    // one failed and one did not, or they failed in different ways
  kTimeout,       // the candidate did not end in time
  kMissing,       // the candidate was accepted and nothing more was heard of it
};
inline constexpr std::size_t kShadowClasses = 6;
[[nodiscard]] std::string_view shadow_class_name(ShadowClass of) noexcept;  // "equal_by_rules"
[[nodiscard]] constexpr bool is_mismatch(ShadowClass of) noexcept {
  return of != ShadowClass::kEqual && of != ShadowClass::kEqualByRules;
}

struct ShadowFinding {
  ShadowClass result = ShadowClass::kEqual;
  std::string where;  // "state", "error", "text", "artifacts" or a JSON pointer into the result; "" if equal
};

// Compares two ends of one request. Pure; takes time in proportion to both.
[[nodiscard]] ShadowFinding compare_ends(const GenerationRecord& control, const GenerationRecord& candidate,
                                         const ShadowRules& rules);

}  // namespace shunt::flip
