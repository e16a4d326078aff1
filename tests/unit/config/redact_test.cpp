#include "shunt/config/redact.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace shunt::config {
namespace {

TEST(Redact, an_address_keeps_all_but_its_secrets) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", ""},
      {"redis://host", "redis://host"},
      {"rediss://host:6379/1", "rediss://host:6379/1"},
      {"redis://user:secret@host:6379/0", "redis://user:***@host:6379/0"},
      {"redis://:secret@host", "redis://:***@host"},
      {"redis://secret@host", "redis://***@host"},
      {"redis://user:se/cret@host", "redis://user:***@host"},
      {"redis://user:se@cret@host", "redis://user:***@host"},
      {"redis://user:se?cret@host", "redis://(set)"},
      {"redis://user:se#cret@host", "redis://(set)"},
      {"redis://host/0?password=secret", "redis://host/0?***"},
      {"user:secret@host", "(set)"},
      {"secret", "(set)"},
      {"user:secret@host://x", "(set)"},
      {"://secret", "(set)"},
      {"redis+cluster://user:secret@a,b", "redis+cluster://user:***@a,b"},
  };
  for (const auto& [url, shown] : kCases) EXPECT_EQ(redacted_url(url), shown) << url;
}

}  // namespace
}  // namespace shunt::config
