#include <gtest/gtest.h>

#include <string>

#include "dialects/replicate/list_cursor.hpp"

namespace shunt::api::dialects::replicate {
namespace {

GenerationId id_with(char last) {
  return *GenerationId::parse("gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f" + std::string(1, last));
}

TEST(ListCursor, LeadsBackTheWayThatItHasCome) {
  const ListCursor first;
  const ListCursor third = first.next(id_with('1')).next(id_with('2'));
  const auto read = ListCursor::parse(third.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->before(), id_with('2'));
  EXPECT_EQ(read->previous().before(), id_with('1'));
  EXPECT_FALSE(read->previous().is_first());
  EXPECT_TRUE(read->previous().previous().is_first());
  EXPECT_FALSE(read->previous().previous().before());
}

TEST(ListCursor, OfOnePageIsAnIdAlone) {
  const auto cursor = ListCursor::parse(id_with('1').to_string());
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->before(), id_with('1'));
  EXPECT_TRUE(cursor->previous().is_first());
}

TEST(ListCursor, ALongWayLosesItsBeginning) {
  ListCursor cursor;
  for (int page = 0; page < 40; ++page) cursor = cursor.next(id_with("0123456789abcdef"[page % 16]));
  const auto read = ListCursor::parse(cursor.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->before(), id_with('7'));
  std::size_t back = 0;
  for (ListCursor at = *read; !at.is_first(); at = at.previous()) ++back;
  EXPECT_EQ(back, ListCursor::kMostPages);
}

TEST(ListCursor, WhatNoListHasMadeIsNone) {
  const std::string id = id_with('1').to_string();
  std::string long_way = id;
  for (std::size_t page = 0; page < ListCursor::kMostPages; ++page) long_way += '.' + id;
  for (const std::string& text : {std::string(), std::string("."), id + '.', '.' + id, id + ".." + id,
                                  id + ",x", std::string("gen_"), std::string("7"), long_way})
    EXPECT_FALSE(ListCursor::parse(text)) << text;
}

}  // namespace
}  // namespace shunt::api::dialects::replicate
