#include "shunt/http/fetch.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "scripted_server.hpp"
#include "shunt/http/blocking_client.hpp"
#include "shunt/http/url.hpp"

namespace shunt::http {
namespace {

using How = TransferEnd::How;

TEST(AddressRanges, HaveTheAddressesThatTheyName) {
  const AddressRanges listed({"10.1.2.3", "192.168.0.0/16", "fd00::/8", "::1", "::ffff:10.0.0.0/104"});
  for (const char* address : {"10.1.2.3", "192.168.255.1", "fd12::1", "::1", "::ffff:10.9.9.9"})
    EXPECT_TRUE(listed.contains(address)) << address;
  for (const char* address : {"10.1.2.4", "192.169.0.1", "fc00::1", "::2", "::ffff:192.168.0.1", "",
                              "localhost", "10.1.2.3.4", "fd12::1%1"})
    EXPECT_FALSE(listed.contains(address)) << address;
}

TEST(AddressRanges, ARangeIsAnAddressWithItsPrefix) {
  for (const char* range : {"10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "fd00::/8", "::1", "::/0"})
    EXPECT_TRUE(AddressRanges::is_range(range)) << range;
  for (const char* range : {"", "10.0.0.0/33", "10.0.0.1/8", "10.0.0", "example.com", "fd00::1/8", "::1/129",
                            "10.0.0.0/", "/8", "[::1]", "10.0.0.0/8 "})
    EXPECT_FALSE(AddressRanges::is_range(range)) << range;
}

TEST(AddressRanges, WhatIsNotPublicIsReachedWhereItIsListedAlone) {
  const AddressRanges none;
  for (const char* address :
       {"127.0.0.1", "10.0.0.1", "100.64.0.1", "169.254.169.254", "224.0.0.1", "0.0.0.0", "::1", "fe80::1",
        "fd00::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "", "nonsense"})
    EXPECT_FALSE(may_be_reached(address, none)) << address;
  EXPECT_TRUE(may_be_reached("8.8.8.8", none));
  EXPECT_TRUE(may_be_reached("2606:4700::1111", none));
  EXPECT_TRUE(may_be_reached("10.0.0.1", AddressRanges({"10.0.0.0/8"})));
  EXPECT_FALSE(may_be_reached("::ffff:10.0.0.1", AddressRanges({"10.0.0.0/8"})));
}

// What a name leads to does not matter: the address of each connection is looked at, and nothing is sent to
// one that may not be.
TEST(Fetch, TheAddressThatIsConnectedToIsTheOneThatIsChecked) {
  std::atomic<int> accepted{0};
  {
    const ScriptedServer server([&accepted](ScriptedServer::Socket& socket) {
      ++accepted;
      ScriptedServer::send(socket, "HTTP/1.1 204 No Content\r\n\r\n");
    });
    std::vector<std::string> asked;
    ClientRequest request;
    request.url = "http://localhost:" + std::to_string(parse_url(server.url())->port) + '/';
    request.connection = ConnectionUse::kOwn;
    request.may_connect = [&asked](const std::string& address) {
      asked.push_back(address);
      return false;
    };
    BlockingClient client;
    EXPECT_EQ(client.perform(request).end.how, How::kNotConnected);
    ASSERT_FALSE(asked.empty());
    for (const std::string& address : asked)
      EXPECT_TRUE(address == "127.0.0.1" || address == "::1") << address;
    EXPECT_EQ(accepted, 0);
    request.may_connect = [](const std::string& address) { return address == "127.0.0.1"; };
    EXPECT_EQ(client.perform(request).head.status, 204);
  }
  EXPECT_EQ(accepted, 1);
}

TEST(Fetch, AUrlThatLeadsWithinOrHasMoreThanAPlaceIsRefused) {
  const auto refused = [](const std::string& url) {
    FetchRequest request;
    request.url = url;
    request.max_bytes = 1000;
    request.timeout = std::chrono::seconds(5);
    bool taken = false;
    const auto fetched = fetch(request, [&taken](std::string_view) {
      taken = true;
      return Result<void>();
    });
    EXPECT_FALSE(taken) << url;
    return fetched ? std::string("(fetched)") : fetched.error().message;
  };
  EXPECT_EQ(refused("http://example.com/"), "only https: URLs are fetched");
  EXPECT_EQ(refused("file:///etc/passwd"), "it is no URL that has a host");
  EXPECT_EQ(refused("gopher://example.com/"), "only https: URLs are fetched");
  EXPECT_EQ(refused("https://me:secret@example.com/"),
            "a URL that is fetched must not have a user name or a password");
  EXPECT_EQ(refused("https://"), "it is no URL that has a host");
  EXPECT_EQ(refused("https://x/" + std::string(kMaxFetchedUrlBytes, 'a')),
            "the URL is longer than 8192 bytes");
  const std::string unreachable = "its server could not be reached, or is none that may be";
  for (const char* host : {"127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
                           "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
                           "[::127.0.0.1]", "169.254.169.254", "10.0.0.1", "0.0.0.0", "[::]"})
    EXPECT_EQ(refused("https://" + std::string(host) + ":9/"), unreachable) << host;
}

TEST(Fetch, AHostMayBeOneOfAFewAlone) {
  FetchRequest request;
  request.url = "https://other.test/";
  request.may_ask = [](std::string_view host) { return host == "example.com"; };
  const auto fetched = fetch(request, [](std::string_view) { return Result<void>(); });
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().message, "nothing is fetched from the host \"other.test\"");
}

TEST(ResolveReference, GoesWhereALocationLeads) {
  EXPECT_EQ(resolve_reference("https://a.test/x/y?z", "/w"), "https://a.test/w");
  EXPECT_EQ(resolve_reference("https://a.test/x/y", "w"), "https://a.test/x/w");
  EXPECT_EQ(resolve_reference("https://a.test/x", "//b.test/"), "https://b.test/");
  EXPECT_EQ(resolve_reference("https://a.test/x", "http://b.test/"), "http://b.test/");
  EXPECT_EQ(resolve_reference("https://a.test/x", ""), "");
}

TEST(DataUrl, IsTakenApart) {
  const auto read = [](std::string_view url) {
    const auto parsed = parse_data_url(url);
    return parsed ? parsed->media_type + '|' + parsed->bytes : std::string("(refused)");
  };
  EXPECT_EQ(read("data:image/png;base64,AQID"), std::string("image/png|\x01\x02\x03"));
  EXPECT_EQ(read("DATA:text/plain;charset=utf-8;BASE64,aGk="), "text/plain;charset=utf-8|hi");
  EXPECT_EQ(read("data:,a%20b+c"), "text/plain|a b+c");
  EXPECT_EQ(read("data:;charset=utf-8,x"), "text/plain;charset=utf-8|x");
  EXPECT_EQ(read("data:text/plain,a,b"), "text/plain|a,b");
  for (const char* url : {"", "data", "data:", "data:image/png", "date:,x", "data:;base64,!!!!",
                          "data:;base64,AQI", "data:,%", "data:,%zz", "https://x/"})
    EXPECT_EQ(read(url), "(refused)") << url;
}

}  // namespace
}  // namespace shunt::http
