#include <gtest/gtest.h>

#include <string>

#include "bullmq/connection_options.hpp"
#include "bullmq/error.hpp"

namespace bullmq {
namespace {

ConnectionOptions resolved(const std::string& url) {
  ConnectionOptions options;
  options.url = url;
  return resolve_url(options);
}

struct Url {
  const char* url;
  const char* host = "127.0.0.1";
  int port = 6379;
  const char* user = "";
  const char* password = "";
  int database = 0;
  bool tls = false;
};

TEST(RedisUrl, SaysWhereRedisIs) {
  const Url urls[] = {
      {"redis://"},
      {"redis://localhost", "localhost"},
      {"redis:localhost", "localhost"},
      {"redis://localhost/", "localhost"},
      {"redis://localhost:", "localhost"},
      {"redis://localhost:7000", "localhost", 7000},
      {"redis://localhost:65535/15", "localhost", 65535, "", "", 15},
      {"redis://:7000", "127.0.0.1", 7000},
      {"redis:///3", "127.0.0.1", 6379, "", "", 3},
      {"redis://h?db=4", "h", 6379, "", "", 4},
      {"redis://h/3?db=4", "h", 6379, "", "", 3},
      {"redis://h?", "h"},
      {"rediss://h:1", "h", 1, "", "", 0, true},
      {"redis://:secret@h", "h", 6379, "", "secret"},
      {"redis://me:secret@h:7000/2", "h", 7000, "me", "secret", 2},
      {"redis://me@h", "h", 6379, "me"},
      {"redis://me:@h", "h", 6379, "me"},
      {"redis://@h", "h"},
      {"redis://m%40e:s%3Ac%2F%25r%65t@h", "h", 6379, "m@e", "s:c/%ret"},
      {"redis://:a/b?c#d@e:f@h:7000/1", "h", 7000, "", "a/b?c#d@e:f", 1},
      {"redis://:gr%C3%B6%C3%9Fe@h", "h", 6379, "", "größe"},
      {"redis://[::1]", "::1"},
      {"redis://[::1]:7000/1", "::1", 7000, "", "", 1},
      {"redis://:p@[fe80::1%25eth0]:7000", "fe80::1%eth0", 7000, "", "p"},
      {"redis://[fe80::1%eth0]", "fe80::1%eth0"},
      {"redis://with%20space", "with space"},
  };
  for (const Url& expected : urls) {
    const ConnectionOptions options = resolved(expected.url);
    EXPECT_EQ(options.url, "") << expected.url;
    EXPECT_EQ(options.address.host, expected.host) << expected.url;
    EXPECT_EQ(options.address.port, expected.port) << expected.url;
    EXPECT_EQ(options.username, expected.user) << expected.url;
    EXPECT_EQ(options.password, expected.password) << expected.url;
    EXPECT_EQ(options.database, expected.database) << expected.url;
    EXPECT_EQ(options.tls.has_value(), expected.tls) << expected.url;
    EXPECT_EQ(options.unix_socket, "") << expected.url;
  }
}

TEST(RedisUrl, SaysWhichSocketOfTheFileSystem) {
  for (const char* url : {"unix:///run/redis.sock", "unix:/run/redis.sock", "unix:///run/redis%2Esock"})
    EXPECT_EQ(resolved(url).unix_socket, "/run/redis.sock") << url;
  const ConnectionOptions options = resolved("unix:///run/a@b:c?db=3");
  EXPECT_EQ(options.unix_socket, "/run/a@b:c");
  EXPECT_EQ(options.database, 3);
}

struct Refused {
  const char* url;
  const char* because;
};

TEST(RedisUrl, IsRefusedWithTheReason) {
  const Refused urls[] = {
      {"localhost", "scheme"},
      {"localhost:6379", "scheme"},
      {"http://localhost", "scheme"},
      {"Redis://localhost", "scheme"},
      {":", "scheme"},
      {"redis://h:0", "port"},
      {"redis://h:65536", "port"},
      {"redis://h:99999999999999999999", "port"},
      {"redis://h:-1", "port"},
      {"redis://h:6379x", "port"},
      {"redis://h: 6379", "port"},
      {"redis://h:0x10", "port"},
      {"redis://h/x", "database"},
      {"redis://h/-1", "database"},
      {"redis://h/1/2", "database"},
      {"redis://h/99999999999", "database"},
      {"redis://h?db=", "database"},
      {"redis://h?database=1", "only parameter is db"},
      {"redis://h?db=1&x=2", "only parameter is db"},
      {"redis://[::1", "']'"},
      {"redis://[]", "no address"},
      {"redis://[::1]7000", "':'"},
      {"redis://::1", "brackets"},
      {"redis://2001:db8::1:6379", "brackets"},
      {"redis://:100%@h", "'%'"},
      {"redis://:%4@h", "'%'"},
      {"redis://:%zz@h", "'%'"},
      {"redis://h%2", "'%'"},
      {"redis://127.0.0.1%00.example", "NUL"},
      {"unix:///run/redis%00.sock", "NUL"},
      {"unix:", "absolute"},
      {"unix://redis.sock", "absolute"},
      {"unix://me:pw@/run/redis.sock", "absolute"},
  };
  for (const Refused& refused : urls) {
    try {
      (void)resolved(refused.url);
      ADD_FAILURE() << refused.url << " was accepted";
    } catch (const ValidationError& error) {
      EXPECT_NE(std::string(error.what()).find(refused.because), std::string::npos)
          << refused.url << ": " << error.what();
    }
  }
}

TEST(RedisUrl, NeverHasItsPasswordInAMessage) {
  for (const char* url : {"redis://me:hunter2", "redis://:hunter2", "redis://:hunter2/0", "redis://h/hunter2",
                          "redis://me:hunter2@h:x", "redis://:hunter2%@h", "redis://:hunter2?x@h:99999",
                          "redis://h?password=hunter2", "redis://h?hunter2", "hunter2", "hunter2://x",
                          "redis://[hunter2", "redis://:x@h:hunter2", "unix://me:hunter2@/run/redis.sock"}) {
    try {
      (void)resolved(url);
      ADD_FAILURE() << url << " was accepted";
    } catch (const ValidationError& error) {
      EXPECT_EQ(std::string(error.what()).find("hunter2"), std::string::npos) << error.what();
    }
  }
}

TEST(RedisUrl, LeavesWhatItDoesNotSay) {
  ConnectionOptions options;
  options.address = {"field.example", 7001};
  options.username = "field";
  options.password = "kept";
  options.database = 7;
  EXPECT_EQ(resolve_url(options).address, options.address);

  options.url = "redis://";
  const ConnectionOptions bare = resolve_url(options);
  EXPECT_EQ(bare.address, options.address);
  EXPECT_EQ(bare.username, "field");
  EXPECT_EQ(bare.password, "kept");
  EXPECT_EQ(bare.database, 7);

  options.url = "redis://me@h";
  EXPECT_EQ(resolve_url(options).username, "me");
  EXPECT_EQ(resolve_url(options).password, "kept");
}

TEST(RedisUrl, OfAHostMeansTheHostAndNotASocketOfTheFields) {
  ConnectionOptions options;
  options.unix_socket = "/run/redis.sock";
  options.url = "redis://h";
  EXPECT_EQ(resolve_url(options).unix_socket, "");
}

TEST(RedisUrl, KeepsTheTlsOfTheFields) {
  ConnectionOptions options;
  options.tls.emplace().ca_file = "ca.pem";
  for (const char* url : {"rediss://h", "redis://h"}) {
    options.url = url;
    EXPECT_EQ(resolve_url(options).tls.value().ca_file, "ca.pem") << url;
  }
}

}  // namespace
}  // namespace bullmq
