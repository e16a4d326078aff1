#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/generation/generation_id.hpp"

namespace shunt::api::dialects::replicate {

// Where a page of the list begins, and where those before it did: a list is read onwards only, so who wants
// to go back has to bring the way. Pure.
class ListCursor {
 public:
  // A way that is longer loses its beginning, from where the next page back is the first one.
  static constexpr std::size_t kMostPages = 16;

  ListCursor() = default;  // of the first page
  // nullopt: it is none that text() makes.
  [[nodiscard]] static std::optional<ListCursor> parse(std::string_view text);

  // The page begins behind this one; nullopt: with the newest.
  [[nodiscard]] std::optional<GenerationId> before() const;
  [[nodiscard]] bool is_first() const noexcept { return way_.empty(); }
  // Of the page that begins behind `last`, which is this one's last.
  [[nodiscard]] ListCursor next(const GenerationId& last) const;
  // Of the page that this one was reached from.
  [[nodiscard]] ListCursor previous() const;
  [[nodiscard]] std::string text() const;

 private:
  std::vector<GenerationId> way_;  // where pages begin, this one's last
};

}  // namespace shunt::api::dialects::replicate
