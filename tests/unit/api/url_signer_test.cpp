#include "representation/url_signer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shunt::api {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{1'800'000'000'123ms};
constexpr std::string_view kUse = "stream";
constexpr std::string_view kOf = "gen_1";

TEST(UrlSigner, ATokenHoldsForItsUseOfItsThingUntilItsTime) {
  const UrlSigner urls("a secret of some length");
  const std::string token = urls.token(kUse, kOf, kNow + 1h);
  EXPECT_TRUE(urls.allows(token, kUse, kOf, kNow));
  EXPECT_TRUE(urls.allows(token, kUse, kOf, kNow + 1h));
  EXPECT_FALSE(urls.allows(token, kUse, kOf, kNow + 1h + 1s));
  EXPECT_FALSE(urls.allows(token, "artifact", kOf, kNow));
  EXPECT_FALSE(urls.allows(token, kUse, "gen_2", kNow));
}

TEST(UrlSigner, ProcessesWithOneSecretTakeEachOthersTokens) {
  const std::string token = UrlSigner("a secret of some length").token(kUse, kOf, kNow);
  EXPECT_TRUE(UrlSigner("a secret of some length").allows(token, kUse, kOf, kNow));
  EXPECT_FALSE(UrlSigner("another secret of it").allows(token, kUse, kOf, kNow));
}

TEST(UrlSigner, WithoutASecretNobodyElsesTokensHold) {
  const UrlSigner one("");
  const UrlSigner other("");
  const std::string token = one.token(kUse, kOf, kNow);
  EXPECT_TRUE(one.allows(token, kUse, kOf, kNow));
  EXPECT_FALSE(other.allows(token, kUse, kOf, kNow));
}

TEST(UrlSigner, NoTwoSetsOfPartsAreOne) {
  const UrlSigner urls("a secret of some length");
  const std::string token = urls.token("stream", "x\ny", kNow);
  EXPECT_FALSE(urls.allows(token, "stream\nx", "y", kNow));
}

TEST(UrlSigner, WhatIsNoTokenOpensNothing) {
  const UrlSigner urls("a secret of some length");
  const std::string token = urls.token(kUse, kOf, kNow + 1h);
  const std::size_t separator = token.find('-');
  std::string later = token;
  later[separator - 1] = later[separator - 1] == 'f' ? '0' : 'f';
  std::string upper = token;
  for (char& c : upper) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  const std::vector<std::string> wrong{"",
                                       "-",
                                       token.substr(0, separator),
                                       token.substr(0, separator + 1),
                                       token.substr(separator),
                                       '0' + token,
                                       token + '0',
                                       token.substr(0, token.size() - 1),
                                       "ffffffffffffffffffff" + token.substr(separator),
                                       later,
                                       upper,
                                       std::string(1 << 20, 'a'),
                                       std::string("\0\0", 2)};
  for (const std::string& each : wrong)
    EXPECT_FALSE(urls.allows(each, kUse, kOf, kNow)) << each.substr(0, 99);
}

}  // namespace
}  // namespace shunt::api
