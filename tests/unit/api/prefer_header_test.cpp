#include "routes/prefer_header.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace shunt::api {
namespace {

using std::chrono::seconds;

struct PreferCase {
  std::string_view header;
  bool respond_async;
  std::optional<seconds> wait;
};

void PrintTo(const PreferCase& example, std::ostream* out) {
  *out << example.header;
}

class Prefer : public ::testing::TestWithParam<PreferCase> {};

TEST_P(Prefer, IsReadAsRfc7240Says) {
  const Preferences found = parse_prefer(GetParam().header);
  EXPECT_EQ(found.respond_async, GetParam().respond_async);
  EXPECT_EQ(found.wait, GetParam().wait);
}

constexpr std::nullopt_t kNone = std::nullopt;

INSTANTIATE_TEST_SUITE_P(
    Understood, Prefer,
    ::testing::Values(
        PreferCase{"", false, kNone}, PreferCase{"respond-async", true, kNone},
        PreferCase{"wait=10", false, seconds(10)}, PreferCase{"wait=0", false, seconds(0)},
        PreferCase{"respond-async, wait=10", true, seconds(10)},
        PreferCase{"wait=10,respond-async", true, seconds(10)}, PreferCase{"Respond-Async", true, kNone},
        PreferCase{"WAIT = 7", false, seconds(7)}, PreferCase{R"(wait="10")", false, seconds(10)},
        PreferCase{R"(respond-async="")", true, kNone}, PreferCase{"respond-async; foo=bar; x", true, kNone},
        PreferCase{"wait=10; priority=5", false, seconds(10)},
        PreferCase{"return=minimal, wait=3, handling=lenient", false, seconds(3)},
        PreferCase{R"(foo="a, wait=9; b", wait=2)", false, seconds(2)},
        PreferCase{R"(foo="a\", wait=9", wait=2)", false, seconds(2)},
        PreferCase{"wait=5, wait=50", false, seconds(5)}, PreferCase{" ,, wait=5 ,", false, seconds(5)},
        PreferCase{"wait=99999", false, seconds(86'400)},
        PreferCase{"wait=99999999999999999999999999", false, seconds(86'400)}));

INSTANTIATE_TEST_SUITE_P(
    Ignored, Prefer,
    ::testing::Values(PreferCase{"wait", false, kNone}, PreferCase{"wait=", false, kNone},
                      PreferCase{"wait=-1", false, kNone}, PreferCase{"wait=1.5", false, kNone},
                      PreferCase{"wait=10s", false, kNone}, PreferCase{"wait=ten", false, kNone},
                      PreferCase{"wait 10", false, kNone}, PreferCase{"=10", false, kNone},
                      PreferCase{R"(wait="10)", false, kNone}, PreferCase{R"(wait=1"0")", false, kNone},
                      PreferCase{"respond-async=yes", false, kNone},
                      PreferCase{"respond async", false, kNone}, PreferCase{"respond_async", false, kNone},
                      PreferCase{"wait=x, wait=5", false, kNone},
                      PreferCase{"w\xc3\xa4it=5, respond-async", true, kNone}));

}  // namespace
}  // namespace shunt::api
