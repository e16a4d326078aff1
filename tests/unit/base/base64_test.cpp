#include "shunt/base/base64.hpp"

#include <gtest/gtest.h>

namespace shunt::base {
namespace {

std::string text_of(std::string_view bytes) {
  std::string text;
  append_base64(text, bytes);
  return text;
}

// RFC 4648, section 10.
TEST(Base64, WritesWhatTheStandardWrites) {
  EXPECT_EQ(text_of(""), "");
  EXPECT_EQ(text_of("f"), "Zg==");
  EXPECT_EQ(text_of("fo"), "Zm8=");
  EXPECT_EQ(text_of("foo"), "Zm9v");
  EXPECT_EQ(text_of("foob"), "Zm9vYg==");
  EXPECT_EQ(text_of("\xFB\xEF\xFF"), "++//");
}

TEST(Base64, ReadsBackEveryByteAtEveryPlace) {
  for (std::size_t size = 0; size < 6; ++size) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string bytes(size, '\x5A');
      if (size > 0) bytes[size - 1] = static_cast<char>(byte);
      EXPECT_EQ(text_of(bytes).size(), base64_size(size));
      EXPECT_EQ(parse_base64(text_of(bytes)), bytes);
    }
  }
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zh==", "Zm9=", "Zm9v\n", "Zm-_", "Zm 9",
                           "Zg=a", "\xC3\xA9\xC3\xA9"})
    EXPECT_FALSE(parse_base64(text)) << text;
}

}  // namespace
}  // namespace shunt::base
