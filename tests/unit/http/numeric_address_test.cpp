#include "text/numeric_address.hpp"

#include <gtest/gtest.h>

#include <string>

#include "shunt/http/address_ranges.hpp"
#include "shunt/http/authority.hpp"
#include "shunt/http/server/client_address.hpp"

namespace shunt::http {
namespace {

TEST(NumericAddress, IsTheWholeText) {
  EXPECT_EQ(numeric_address("192.0.2.7")->to_string(), "192.0.2.7");
  EXPECT_EQ(numeric_address("2001:db8::7")->to_string(), "2001:db8::7");
  for (const char* wrong : {"", "localhost", "192.0.2", "192.0.2.7 ", "192.0.2.7/8", "[::1]", "0x7f.1"})
    EXPECT_FALSE(numeric_address(wrong)) << wrong;
}

// C's functions read what is in front of it.
TEST(NumericAddress, ATextWithANulIsNone) {
  const std::string rest(1, '\0');
  for (const std::string& end : {rest, rest + ".example"}) {
    EXPECT_FALSE(numeric_address("127.0.0.1" + end));
    EXPECT_FALSE(AddressRanges::is_range("127.0.0.1" + end));
    EXPECT_FALSE(AddressRanges::is_range("127.0.0.0" + end + "/8"));
    EXPECT_FALSE(is_address_range("127.0.0.1" + end));
    EXPECT_FALSE(parse_authority("[::1" + end + "]"));
  }
}

}  // namespace
}  // namespace shunt::http
