#include "shunt/config/did_you_mean.hpp"

#include <gtest/gtest.h>

namespace shunt::config {
namespace {

TEST(DidYouMean, finds_the_word_with_a_letter_wrong_missing_extra_or_swapped) {
  const std::vector<std::string> known = {"listen", "threads", "keys"};
  for (const auto* typed : {"lisden", "liste", "listenn", "lsiten"})
    EXPECT_EQ(nearest(typed, known), "listen") << typed;
  EXPECT_EQ(nearest("key", known), "keys");
  EXPECT_EQ(nearest("kyes", known), "keys") << "a swap is one edit";
}

TEST(DidYouMean, takes_the_nearest_of_several) {
  EXPECT_EQ(nearest("max_bytes", {"max_body_bytes", "max_byte"}), "max_byte");
}

TEST(DidYouMean, is_silent_when_nothing_is_near) {
  EXPECT_EQ(nearest("colour", {"listen", "threads"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), {"listen"}), "");
  EXPECT_EQ(did_you_mean("colour", {"listen"}), "");
}

}  // namespace
}  // namespace shunt::config
