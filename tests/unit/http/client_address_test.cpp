#include "shunt/http/server/client_address.hpp"

#include <gtest/gtest.h>

#include "server/connection_admission.hpp"
#include "shunt/http/server/request.hpp"
#include "shunt/http/web_names.hpp"

namespace shunt::http {
namespace {

using boost::asio::ip::make_address;

TEST(ClientAddress, RangesHoldWhatTheySay) {
  const struct {
    const char* range;
    const char* address;
    bool inside;
  } cases[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.0.0.0/8", "::ffff:10.0.0.1", true},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"2001:db8::/32", "2001:db8:1::1", true},
      {"2001:db8::/32", "2001:db9::1", false},
      {"0.0.0.0/0", "8.8.8.8", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "8.8.8.8", true},
  };
  for (const auto& [range, address, inside] : cases) {
    EXPECT_EQ(AddressRange::parse(range)->contains(make_address(address)), inside) << range << ' ' << address;
  }
  for (const char* wrong :
       {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "a", "fe80::1%lo", "10.0.0.0/-1"}) {
    EXPECT_FALSE(is_address_range(wrong)) << wrong;
  }
}

TEST(ClientAddress, AMachineIsItselfUnlessAnybodyIsNamedWhoIsNot) {
  const struct {
    const char* peer;
    const char* header;
    const char* value;
    bool itself;
  } cases[] = {
      {"127.0.0.1", "Accept", "*/*", true},
      {"127.9.9.9", "Accept", "*/*", true},
      {"::1", "Accept", "*/*", true},
      {"::ffff:127.0.0.1", "Accept", "*/*", true},
      {"192.0.2.1", "Accept", "*/*", false},
      {"0.0.0.0", "Accept", "*/*", false},
      {"10.0.0.1", "X-Forwarded-For", "127.0.0.1", false},
      {"127.0.0.1", "X-Forwarded-For", "127.0.0.1", true},
      {"127.0.0.1", "X-Forwarded-For", "127.0.0.1, ::1", true},
      {"127.0.0.1", "X-Forwarded-For", "127.0.0.1, 192.0.2.1", false},
      {"127.0.0.1", "X-Forwarded-For", "192.0.2.1, 127.0.0.1", false},
      {"127.0.0.1", "X-Forwarded-For", "unknown", false},
      {"127.0.0.1", "X-Forwarded-For", "", false},
      {"127.0.0.1", "X-Real-IP", "192.0.2.1", false},
      {"127.0.0.1", "X-Real-IP", "127.0.0.1", true},
      {"127.0.0.1", "Forwarded", "for=127.0.0.1;proto=http", true},
      {"127.0.0.1", "Forwarded", "for=\"[2001:db8::7]:47011\"", false},
      {"127.0.0.1", "Forwarded", "proto=https", false},
      {"127.0.0.1", "Via", "1.1 proxy", false},
  };
  for (const auto& [peer, header, value, itself] : cases) {
    Headers headers;
    headers.add(header, value);
    EXPECT_EQ(is_from_this_machine(make_address(peer), headers), itself) << peer << ' ' << header << value;
  }
}

TEST(ClientAddress, HeadersAreBelievedFromTheRightAndOnlyThroughTrustedHops) {
  const TrustedProxies proxies({"10.0.0.0/8", "::1"});
  const struct {
    const char* peer;
    const char* x_forwarded_for;
    const char* forwarded;
    const char* client;
  } cases[] = {
      {"192.0.2.1", "1.2.3.4", "", "192.0.2.1"},  // anybody can write that
      {"10.0.0.1", "", "", "10.0.0.1"},
      {"10.0.0.1", "1.2.3.4", "", "1.2.3.4"},
      {"10.0.0.1", "9.9.9.9, 1.2.3.4", "", "1.2.3.4"},
      {"10.0.0.1", "9.9.9.9, 1.2.3.4, 10.0.0.2", "", "1.2.3.4"},
      {"10.0.0.1", "1.2.3.4:5678", "", "1.2.3.4"},
      {"10.0.0.1", "[2001:db8::7]:80", "", "2001:db8::7"},
      {"10.0.0.1", "2001:db8::7", "", "2001:db8::7"},
      {"10.0.0.1", "1.2.3.4, unknown", "", "10.0.0.1"},
      {"10.0.0.1", "1.2.3.4, ", "", "10.0.0.1"},
      {"10.0.0.1", "10.0.0.3, 10.0.0.2", "", "10.0.0.3"},
      {"::1", "", "for=1.2.3.4", "1.2.3.4"},
      {"::1", "", "for=9.9.9.9, proto=http;For=\"[2001:db8::7]:47011\";by=10.0.0.1", "2001:db8::7"},
      {"::1", "", "for=_hidden", "::1"},
      {"10.0.0.1", "1.2.3.4", "for=5.6.7.8", "1.2.3.4"},
  };
  for (const auto& [peer, xff, forwarded, client] : cases) {
    EXPECT_EQ(proxies.client_of(make_address(peer), xff, forwarded), make_address(client))
        << xff << forwarded;
  }
}

TEST(ClientAddress, ANetworkOfOneOwnerCountsAsOne) {
  EXPECT_EQ(counted_address(make_address("2001:db8:0:1::5")),
            counted_address(make_address("2001:db8:0:1:ffff::")));
  EXPECT_NE(counted_address(make_address("2001:db8:0:1::5")),
            counted_address(make_address("2001:db8:0:2::5")));
  EXPECT_EQ(counted_address(make_address("::ffff:192.0.2.1")), counted_address(make_address("192.0.2.1")));
}

TEST(ConnectionAdmission, OneWithARequestUnderWayNeverHasToGo) {
  const struct {
    ConnectionLoad load;
    ConnectionAdmission expected;
  } cases[] = {
      {{.taken = 0, .limit = 1}, ConnectionAdmission::kAdmit},
      {{.taken = 99, .limit = 100, .waiting = true, .unfinished = true}, ConnectionAdmission::kAdmit},
      {{.taken = 100, .limit = 100, .waiting = true, .unfinished = true}, ConnectionAdmission::kShedWaiting},
      {{.taken = 100, .limit = 100, .waiting = false, .unfinished = true},
       ConnectionAdmission::kShedUnfinished},
      {{.taken = 100, .limit = 100}, ConnectionAdmission::kProbesOnly},
      {{.taken = 103, .limit = 100}, ConnectionAdmission::kProbesOnly},
      {{.taken = 104, .limit = 100}, ConnectionAdmission::kTurnAway},
      {{.taken = 104, .limit = 100, .waiting = true}, ConnectionAdmission::kShedWaiting},
      {{.taken = 20'063, .limit = 20'000}, ConnectionAdmission::kProbesOnly},
      {{.taken = 20'064, .limit = 20'000}, ConnectionAdmission::kTurnAway},
  };
  for (const auto& [load, expected] : cases) {
    EXPECT_EQ(admit_connection(load), expected) << load.taken << '/' << load.limit;
  }
}

}  // namespace
}  // namespace shunt::http
