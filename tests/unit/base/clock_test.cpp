#include "shunt/base/clock.hpp"

#include <gtest/gtest.h>

namespace shunt::base {
namespace {

TEST(Rfc3339, PrintsUtcWithMilliseconds) {
  EXPECT_EQ(format_rfc3339(WallTime(std::chrono::milliseconds(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(WallTime(std::chrono::milliseconds(1'709'210'096'007))),
            "2024-02-29T12:34:56.007Z");
  EXPECT_EQ(format_rfc3339(WallTime(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace shunt::base
