#include "client/public_address.hpp"

#include <gtest/gtest.h>

namespace shunt::http {
namespace {

struct Case {
  const char* address;
  const char* purpose;  // "": public
};

// The first and last address of each range of the two special-purpose registries, and their neighbours.
constexpr Case kCases[] = {
    {"0.0.0.0", "this network"},
    {"0.255.255.255", "this network"},
    {"1.0.0.0", ""},
    {"9.255.255.255", ""},
    {"10.0.0.0", "private"},
    {"10.255.255.255", "private"},
    {"11.0.0.0", ""},
    {"100.63.255.255", ""},
    {"100.64.0.0", "shared by a carrier's customers"},
    {"100.100.100.200", "shared by a carrier's customers"},
    {"100.127.255.255", "shared by a carrier's customers"},
    {"100.128.0.0", ""},
    {"126.255.255.255", ""},
    {"127.0.0.1", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.0", ""},
    {"168.63.129.15", ""},
    {"168.63.129.16", "a cloud's own"},
    {"168.63.129.17", ""},
    {"169.253.255.255", ""},
    {"169.254.0.0", "link-local"},
    {"169.254.169.254", "link-local"},
    {"169.254.255.255", "link-local"},
    {"169.255.0.0", ""},
    {"172.15.255.255", ""},
    {"172.16.0.0", "private"},
    {"172.31.255.255", "private"},
    {"172.32.0.0", ""},
    {"191.255.255.255", ""},
    {"192.0.0.0", "assigned to protocols"},
    {"192.0.0.192", "assigned to protocols"},
    {"192.0.1.0", ""},
    {"192.0.2.1", "documentation"},
    {"192.0.3.0", ""},
    {"192.31.196.1", "assigned to protocols"},
    {"192.52.193.1", "assigned to protocols"},
    {"192.88.99.1", "assigned to protocols"},
    {"192.167.255.255", ""},
    {"192.168.0.0", "private"},
    {"192.168.255.255", "private"},
    {"192.169.0.0", ""},
    {"192.175.48.1", "assigned to protocols"},
    {"198.17.255.255", ""},
    {"198.18.0.0", "benchmarking"},
    {"198.19.255.255", "benchmarking"},
    {"198.20.0.0", ""},
    {"198.51.100.1", "documentation"},
    {"203.0.113.1", "documentation"},
    {"223.255.255.255", ""},
    {"224.0.0.0", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.0", "reserved"},
    {"255.255.255.255", "reserved"},
    {"8.8.8.8", ""},
    {"::", "this network"},
    {"::1", "loopback"},
    {"::2", "reserved"},
    {"::8.8.8.8", "reserved"},
    {"::ffff:127.0.0.1", "translated IPv4"},
    {"::ffff:8.8.8.8", "translated IPv4"},
    {"64:ff9b::7f00:1", "translated IPv4"},
    {"64:ff9b::808:808", "translated IPv4"},
    {"64:ff9b:1::1", "translated IPv4"},
    {"100::1", "reserved"},
    {"1fff:ffff::", "reserved"},
    {"2000::", ""},
    {"2001::1", "assigned to protocols"},
    {"2001:1ff:ffff::", "assigned to protocols"},
    {"2001:200::", ""},
    {"2001:db7:ffff::", ""},
    {"2001:db8::1", "documentation"},
    {"2001:db9::", ""},
    {"2001:4860:4860::8888", ""},
    {"2002:7f00:1::", "translated IPv4"},
    {"2003::", ""},
    {"2620:4f:8000::", ""},
    {"3ffe:ffff::", ""},
    {"3fff::", "documentation"},
    {"3fff:fff:ffff::", "documentation"},
    {"3fff:1000::", ""},
    {"4000::", "reserved"},
    {"5f00::1", "reserved"},
    {"fbff::", "reserved"},
    {"fc00::", "private"},
    {"fd00:ec2::254", "private"},
    {"fdff:ffff::", "private"},
    {"fe00::", "reserved"},
    {"fe80::1", "link-local"},
    {"febf:ffff::", "link-local"},
    {"fec0::1", "private"},
    {"ff00::", "multicast"},
    {"ff02::1", "multicast"},
};

TEST(SpecialPurpose, IsKnownOfEveryRangeAndOfNoPublicAddress) {
  for (const Case& each : kCases) {
    const auto purpose = special_purpose_of(boost::asio::ip::make_address(each.address));
    EXPECT_EQ(purpose.value_or(""), each.purpose) << each.address;
  }
}

TEST(SpecialPurpose, OfALinkLocalAddressDoesNotDependOnItsScope) {
  EXPECT_EQ(special_purpose_of(boost::asio::ip::make_address("fe80::1%3")).value_or(""), "link-local");
}

}  // namespace
}  // namespace shunt::http
