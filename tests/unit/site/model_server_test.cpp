#include "shunt/site/model_server.hpp"

#include <gmock/gmock.h>

namespace shunt::site {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ModelsList, has_the_names_and_whose_they_are) {
  const auto listed = read_models_list(
      R"({"object": "list", "data": [{"id": "a", "owned_by": "vllm"}, {"id": "b", "owned_by": "x"}]})");
  ASSERT_TRUE(listed);
  EXPECT_THAT(listed->ids, ElementsAre("a", "b"));
  EXPECT_EQ(listed->owner, "vllm");
}

TEST(ModelsList, may_be_empty) {
  EXPECT_THAT(read_models_list(R"({"data": []})")->ids, IsEmpty());
}

TEST(ModelsList, is_not_what_something_else_answers) {
  for (const char* body : {"", "null", "[]", "{}", "<html>", R"({"data": {}})", R"({"data": ["a"]})",
                           R"({"data": [{"id": "a"}])", R"({"models": []})", "\xff\xfe"})
    EXPECT_FALSE(read_models_list(body)) << body;
}

TEST(ModelsList, leaves_out_names_that_nobody_could_read) {
  const auto listed = read_models_list(
      R"({"data": [{"id": "\u001b[2J"}, {"id": ""}, {"id": 7}, {}, {"id": "ok", "owned_by": 1}]})");
  EXPECT_THAT(listed->ids, ElementsAre("ok"));
  EXPECT_EQ(listed->owner, "");
  const std::string endless(kLongestId + 1, 'a');
  EXPECT_THAT(read_models_list(R"({"data": [{"id": ")" + endless + R"("}]})")->ids, IsEmpty());
}

TEST(ModelsList, ends_somewhere) {
  std::string body = R"({"data": [{"id": "a"})";
  for (int i = 0; i < 1'000; ++i) body += R"(,{"id": "a"})";
  EXPECT_EQ(read_models_list(body + "]}")->ids.size(), kMostListed);
}

}  // namespace
}  // namespace shunt::site
