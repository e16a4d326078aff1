#include "dialects/replicate/list_cursor.hpp"

#include <algorithm>

namespace shunt::api::dialects::replicate {
namespace {

constexpr char kBetween = '.';

}  // namespace

std::optional<ListCursor> ListCursor::parse(std::string_view text) {
  ListCursor cursor;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(kBetween, begin), text.size());
    const auto id = GenerationId::parse(text.substr(begin, end - begin));
    if (!id || cursor.way_.size() == kMostPages) return std::nullopt;
    cursor.way_.push_back(*id);
    begin = end + 1;
  }
  return cursor;
}

std::optional<GenerationId> ListCursor::before() const {
  if (way_.empty()) return std::nullopt;
  return way_.back();
}

ListCursor ListCursor::next(const GenerationId& last) const {
  ListCursor cursor = *this;
  if (cursor.way_.size() == kMostPages) cursor.way_.erase(cursor.way_.begin());
  cursor.way_.push_back(last);
  return cursor;
}

ListCursor ListCursor::previous() const {
  ListCursor cursor = *this;
  if (!cursor.way_.empty()) cursor.way_.pop_back();
  return cursor;
}

std::string ListCursor::text() const {
  std::string text;
  for (const GenerationId& id : way_) {
    if (!text.empty()) text += kBetween;
    text += id.to_string();
  }
  return text;
}

}  // namespace shunt::api::dialects::replicate
