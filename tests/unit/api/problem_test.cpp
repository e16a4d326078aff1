#include "representation/problem.hpp"

#include <gtest/gtest.h>

#include "representation/sse.hpp"
#include "shunt/base/json.hpp"
#include "shunt/http/server/response.hpp"

namespace shunt::api {
namespace {

using namespace std::chrono_literals;

TEST(Problem, CarriesTheErrorAndItsDetails) {
  Error error{"invalid_input", "no", Retryable::kNo};
  error.details = {{"field", "/input/text"}, {"status", 7}};
  http::Response response;
  set_problem(response, error, {.instance = "/v1/generations/gen_1"});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto problem = parse_json(response.body);
  ASSERT_TRUE(problem.ok()) << response.body;
  const auto& object = problem->as_object();
  EXPECT_EQ(object.at("status"), 422) << "a detail cannot hide a member of the format";
  EXPECT_EQ(object.at("field"), "/input/text");
  EXPECT_EQ(object.at("instance"), "/v1/generations/gen_1");
  EXPECT_EQ(object.at("detail"), "no");
  EXPECT_EQ(object.at("retryable"), false);
}

TEST(Problem, ACodeOfAForeignGeneratorIsABadGateway) {
  EXPECT_EQ(problem_type("my_own_code").status, 502);
}

TEST(Sse, WritesIdEventAndData) {
  std::string out;
  append_sse_event(out, {.sequence = 3, .at = WallTime(0ms), .payload = event::Delta{"a\nb"}});
  EXPECT_EQ(out,
            "id: 3\nevent: delta\ndata: "
            "{\"seq\":3,\"type\":\"delta\",\"at\":\"1970-01-01T00:00:00.000Z\",\"text\":\"a\\nb\"}\n\n");
}

TEST(Sse, LastEventIdIsAWholeNumber) {
  EXPECT_EQ(*parse_last_event_id(""), 0u);
  EXPECT_EQ(*parse_last_event_id("17"), 17u);
  for (const char* bad : {"x", "-1", "1.5", " 1", "99999999999999999999"}) {
    EXPECT_EQ(parse_last_event_id(bad).error().code, "invalid_header") << bad;
  }
}

}  // namespace
}  // namespace shunt::api
