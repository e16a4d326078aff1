#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace shunt::base {

// Watches the member names of a document while Boost.JSON parses it, so that nobody can make the parse slow
// by their choice.
//
// An object of Boost.JSON 1.81 with more than 18 members keeps them in a table of as many buckets as it has
// members, by FNV-1a of the name, begun with the table's address. Only the low bits of FNV count in a table
// of 2^n buckets, and names can be made whose low bits are equal whatever it begins with: each insertion then
// walks past all the others. This guard computes where the names would lie in a table that begins with a
// random address, and refuses an object whose names lie together as no honest ones do.
class MemberGuard {
 public:
  void set_limit(std::size_t limit) noexcept { limit_ = limit; }

  // Not more often within each other than Boost.JSON lets objects nest, which it counts in a byte.
  void open();
  // A piece of the next name; add() takes its last one. False: the object has too many members.
  void add_part(std::string_view text) noexcept;
  [[nodiscard]] bool add(std::string_view text);
  // False: the object's names collide.
  [[nodiscard]] bool close();

  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  [[nodiscard]] bool colliding() const noexcept { return colliding_; }

 private:
  // Boost.JSON looks through this many members one by one.
  static constexpr std::size_t kSmallObject = 18;

  [[nodiscard]] bool collide(std::size_t first, std::size_t members);

  std::size_t limit_ = std::size_t(-1);
  // Members so far of each open object. Not initialised: most documents need three of them.
  std::array<std::uint32_t, 256> counts_;
  std::size_t open_ = 0;
  std::vector<std::uint64_t> hashes_;  // of the names beyond kSmallObject, of all open objects
  std::vector<std::uint32_t> buckets_;
  std::uint64_t hash_ = 0;  // of the name under way
  bool begun_ = false;
  bool colliding_ = false;
};

}  // namespace shunt::base
