#include "surface/route_table.hpp"

#include <gtest/gtest.h>

#include "shunt/http/request_target.hpp"

namespace shunt::api {
namespace {

const Route* matched(std::string_view method, std::string_view path, RouteMatch* out = nullptr) {
  static http::RequestTarget target;
  EXPECT_TRUE(target.parse(path).ok());
  const RouteMatch match = match_route(method, target);
  if (out != nullptr) *out = match;
  return match.route;
}

TEST(RouteTable, EveryRouteMatchesItsOwnPath) {
  for (const Route& route : routes()) {
    EXPECT_EQ(matched(route.method, route.path), &route) << route.path;
  }
}

TEST(RouteTable, GivesTheNamedSegments) {
  RouteMatch match;
  const Route* const route = matched("GET", "/v1/generations/gen_1/artifacts/a.wav", &match);
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->id, RouteId::kGetArtifact);
  EXPECT_EQ(match.parameters[0], "gen_1");
  EXPECT_EQ(match.parameters[1], "a.wav");
}

TEST(RouteTable, TellsAWrongMethodFromAnUnknownPath) {
  RouteMatch match;
  EXPECT_EQ(matched("DELETE", "/v1/generations", &match), nullptr);
  EXPECT_TRUE(match.path_known);
  EXPECT_EQ(matched("GET", "/v2/generations", &match), nullptr);
  EXPECT_FALSE(match.path_known);
  EXPECT_EQ(matched("GET", "/v1/generations/", &match), nullptr) << "an empty segment is no id";
  EXPECT_EQ(matched("GET", "/1/2/3/4/5/6/7/8/9/10", &match), nullptr);
}

TEST(RouteTable, HeadGoesWhereGetGoes) {
  EXPECT_NE(matched("HEAD", "/healthz"), nullptr);
}

TEST(RouteTable, AllowNamesEveryMethodOfAPath) {
  http::RequestTarget target;
  ASSERT_TRUE(target.parse("/v1/generations").ok());
  EXPECT_EQ(allowed_methods(target), "POST, GET, HEAD, OPTIONS");
  ASSERT_TRUE(target.parse("/v1/generations/x/cancel").ok());
  EXPECT_EQ(allowed_methods(target), "POST, OPTIONS");
}

}  // namespace
}  // namespace shunt::api
