#include <gtest/gtest.h>
#include <bullmq/version.hpp>

#include <algorithm>

#include "bullmq_scripts.hpp"

namespace bullmq::detail {
namespace {

TEST(EmbeddedScripts, AreFoundByTheirIndex) {
  const auto all = all_scripts();
  ASSERT_FALSE(all.empty());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].index, i) << all[i].name;
}

TEST(EmbeddedScripts, AreNamedAsUpstreamNamesThem) {
  EXPECT_EQ(scripts::addStandardJob.name, "addStandardJob");
  EXPECT_EQ(scripts::addStandardJob.keys, 9U);
  EXPECT_EQ(all_scripts()[scripts::addStandardJob.index].text.data(), scripts::addStandardJob.text.data());
}

TEST(EmbeddedScripts, AreSortedByName) {
  EXPECT_TRUE(std::ranges::is_sorted(all_scripts(), {}, &Script::name));
}

TEST(EmbeddedScripts, TellTheVersionThatTheyAreFrom) {
  EXPECT_EQ(upstream_version(), scripts_version());
}

}  // namespace
}  // namespace bullmq::detail
