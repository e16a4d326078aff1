#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/json.hpp"

namespace shunt::base {

// Reads the members of one object that others wrote and that is refused if one of them is wrong. The first
// thing that is wrong is kept as the error; a member that is missing or wrong reads as empty. Whoever reads
// words the errors, since only they know what the object is to the people who see them.
//
// The object outlives the reader. Not thread-safe.
class JsonObjectReader {
 public:
  enum class Presence { kRequired, kOptional };

  // What is wrong with a member.
  struct Wrong {
    std::string_view pointer;  // of the object, as given to the reader
    std::string_view name;
    std::string_view expected;                         // "a string"
    const Json* got = nullptr;                         // nullptr: the member is missing
    std::optional<std::int64_t> limit = std::nullopt;  // of an integer's value, where there is one

    [[nodiscard]] std::string member_pointer() const;  // "/options/timeout_ms"
  };
  using Wording = Error (*)(const Wrong&);

  JsonObjectReader(const JsonObject& object, std::string_view pointer, Wording wording) noexcept
      : object_(object), pointer_(pointer), wording_(wording) {}
  // Objects and values that are read are moved out of `object`, and rest() has what nobody asked for.
  JsonObjectReader(JsonObject&& object, std::string_view pointer, Wording wording) noexcept
      : object_(object), movable_(&object), pointer_(pointer), wording_(wording) {}

  // The member, or nullptr.
  [[nodiscard]] const Json* find(std::string_view name);

  [[nodiscard]] std::string text(std::string_view name, Presence presence = Presence::kRequired);
  // From 0 to `limit`.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name,
                                                    Presence presence = Presence::kRequired,
                                                    std::int64_t limit = kMaxSafeInteger);
  [[nodiscard]] std::optional<double> number(std::string_view name, Presence presence = Presence::kRequired);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name, Presence presence = Presence::kRequired);
  [[nodiscard]] JsonObject object(std::string_view name, Presence presence = Presence::kRequired);
  // A value of any type, which has to be there.
  [[nodiscard]] Json any(std::string_view name);

  // For what this class does not know of: the member is not what was expected, or `error` says what is wrong.
  void refuse(std::string_view name, std::string_view expected);
  void refuse(Error error);

  // The first thing that was wrong.
  [[nodiscard]] const std::optional<Error>& problem() const noexcept { return problem_; }

  // The members that nobody has asked for, moved out. Only with the second constructor.
  [[nodiscard]] JsonObject rest();

 private:
  [[nodiscard]] const Json* expect(std::string_view name, Presence presence, std::string_view expected,
                                   bool (*accepts)(const Json&));
  [[nodiscard]] Json take(std::string_view name, const Json& value);
  void refuse(const Wrong& wrong);

  const JsonObject& object_;
  JsonObject* movable_ = nullptr;
  std::string_view pointer_;
  Wording wording_;
  std::optional<Error> problem_;
  // They are not erased from the object one by one, which would move the others each time.
  std::array<const Json*, 16> asked_;  // more than any object of ours has members
  std::size_t asked_count_ = 0;
};

}  // namespace shunt::base
