#include "shunt/site/side_by_side.hpp"

#include <gmock/gmock.h>

#include <future>
#include <stdexcept>

namespace shunt::site {
namespace {

using namespace std::chrono_literals;

NamedLook finds(const std::string& name) {
  return {name, [name] { return std::vector<Finding>{{name, Severity::kOk, "well", ""}}; }};
}

TEST(SideBySide, keeps_the_order_of_the_looks) {
  std::vector<NamedLook> looks;
  for (int i = 0; i < 100; ++i) looks.push_back(finds(std::to_string(i)));
  const SideBySide looked = look_side_by_side(std::move(looks), 1min);
  EXPECT_TRUE(looked.all_ended);
  ASSERT_EQ(looked.findings.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(looked.findings[i].name, std::to_string(i));
}

TEST(SideBySide, waits_for_no_look_that_hangs) {
  auto let_go = std::make_shared<std::promise<void>>();
  auto gone = std::make_shared<std::promise<void>>();
  const SideBySide looked = look_side_by_side({{"hangs",
                                                [let_go, gone] {
                                                  let_go->get_future().wait();
                                                  gone->set_value();
                                                  return std::vector<Finding>();
                                                }},
                                               finds("quick")},
                                              200ms);
  EXPECT_FALSE(looked.all_ended);
  ASSERT_EQ(looked.findings.size(), 2U);
  EXPECT_EQ(looked.findings[0].name, "hangs");
  EXPECT_EQ(looked.findings[0].severity, Severity::kProblem);
  EXPECT_EQ(looked.findings[1].severity, Severity::kOk);
  let_go->set_value();
  gone->get_future().wait();
}

TEST(SideBySide, takes_a_look_that_throws_for_a_problem) {
  const SideBySide looked = look_side_by_side(
      {{"throws", []() -> std::vector<Finding> { throw std::runtime_error("no memory"); }}, finds("next")},
      1min);
  ASSERT_EQ(looked.findings.size(), 2U);
  EXPECT_EQ(looked.findings[0].severity, Severity::kProblem);
  EXPECT_THAT(looked.findings[0].found, testing::HasSubstr("no memory"));
}

TEST(SideBySide, is_done_at_once_where_there_is_nothing_to_look_at) {
  EXPECT_TRUE(look_side_by_side({}, 0ms).all_ended);
}

}  // namespace
}  // namespace shunt::site
