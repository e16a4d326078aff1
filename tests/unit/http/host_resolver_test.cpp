#include "client/host_resolver.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace shunt::http {
namespace {

TEST(HostResolver, LooksUpNamesOnly) {
  for (const std::string host : {"127.0.0.1", "::1", "localhost"})
    EXPECT_FALSE(HostResolver::needs_lookup(host)) << host;
  for (const std::string host : {"llm.example", "Localhost", "localhost.example"}) {
    EXPECT_TRUE(HostResolver::needs_lookup(host)) << host;
  }
}

TEST(HostResolver, SharesOneLookupAndKeepsItsAnswer) {
  boost::asio::io_context context;
  HostResolver resolver(context);
  int answers = 0;
  const auto count = [&](const Result<HostResolver::Addresses>& addresses) {
    // The C library reads this form of an address without asking anybody.
    EXPECT_EQ(*addresses, HostResolver::Addresses{"127.0.0.1"});
    ++answers;
  };
  for (int i = 0; i < 200; ++i) resolver.resolve("127.1", count);
  EXPECT_EQ(answers, 0);
  EXPECT_EQ(context.run(), 1U) << "one completion, so one lookup";
  EXPECT_EQ(answers, 200);
  resolver.resolve("127.1", count);
  EXPECT_EQ(answers, 201) << "at once";
}

TEST(HostResolver, TellsEveryoneOfAFailureAndAsksAgainNextTime) {
  boost::asio::io_context context;
  HostResolver resolver(context);
  const std::string host(70, 'x');  // longer than a name's part may be: fails without a network
  int failures = 0;
  const auto count = [&](const Result<HostResolver::Addresses>& addresses) {
    ASSERT_FALSE(addresses.ok());
    EXPECT_EQ(addresses.error().code, HostResolver::kUnresolvedHost);
    EXPECT_NE(addresses.error().message.find(host), std::string::npos);
    ++failures;
  };
  resolver.resolve(host, count);
  resolver.resolve(host, count);
  context.run();
  EXPECT_EQ(failures, 2);
  resolver.resolve(host, count);
  context.restart();
  context.run();
  EXPECT_EQ(failures, 3);
}

}  // namespace
}  // namespace shunt::http
