// How a connection introduces itself: URL, user, database, name, Unix socket, TLS.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "bullmq/queue.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq/worker.hpp"
#include "event_loop.hpp"
#include "redis_process.hpp"
#include "support/throws.hpp"

namespace bullmq::testing {
namespace {

using shunt::testing::throws;

Answered ask_once(EventLoop& loop, ConnectionOptions options, Command command) {
  const auto connection = Connection::open(loop.executor(), std::move(options));
  return loop.run(ask(connection, std::move(command)));
}

ConnectionOptions patient(std::string url) {
  return {.url = std::move(url), .command_timeout = 10s};
}
// Short enough for a refusal to be told soon, long enough for a busy machine.
ConnectionOptions hasty(std::string url) {
  return {.url = std::move(url), .command_timeout = 2s, .reconnect_max = 100ms};
}

// Why no connection can be made is told by the command's deadline: a short one, doubled until an attempt was
// over before, on a busy machine, too.
Answered refused_once(EventLoop& loop, ConnectionOptions options, const Command& command) {
  options.reconnect_max = 100ms;
  for (options.command_timeout = 500ms;; options.command_timeout *= 2) {
    const Answered answered = ask_once(loop, options, command);
    if (answered.message().find("the last attempt: ") != std::string::npos || options.command_timeout > 5s)
      return answered;
  }
}

TEST(ConnectionLogin, AnAclUserAndItsPasswordComeFromTheUrl) {
  RedisProcess redis;
  redis({"ACL", "SETUSER", "worker", "on", ">se:cr@t/", "~*", "+@all"});
  redis({"ACL", "SETUSER", "open", "on", "nopass", "~*", "+@all"});
  EventLoop loop;
  const std::string at = "127.0.0.1:" + std::to_string(redis.port());
  EXPECT_EQ(
      ask_once(loop, patient("redis://worker:se%3Acr%40t%2F@" + at), make_query("ACL", "WHOAMI")).reply.text,
      "worker");
  EXPECT_EQ(ask_once(loop, patient("redis://open@" + at), make_query("ACL", "WHOAMI")).reply.text, "open");
}

TEST(ConnectionLogin, AUserWhoMayOnlyRunTheQueueCanConnect) {
  RedisProcess redis;
  redis({"ACL", "SETUSER", "narrow", "on", ">pw", "~bull:*", "+@all", "-@dangerous", "-ping", "-client",
         "-role", "-info"});
  EventLoop loop;
  Queue queue(loop.executor(), "acl",
              {.connection = patient("redis://narrow:pw@127.0.0.1:" + std::to_string(redis.port()))});
  EXPECT_EQ(loop.run(queue.add("job")).id(), "1");
}

TEST(ConnectionLogin, AWrongPasswordIsToldByTheDeadlineAndHealsWhenItIsMended) {
  RedisProcess redis;
  redis({"ACL", "SETUSER", "app", "on", ">right", "~*", "+@all"});
  EventLoop loop;
  const std::string url = "redis://app:wrong@127.0.0.1:" + std::to_string(redis.port());
  int processed = 0;
  std::vector<std::string> errors;
  Worker worker(loop.executor(), "heals",
                [&](const Job&, std::stop_token) -> awaitable<std::string> {
                  ++processed;
                  co_return "1";
                },
                {.connection = {.url = url, .reconnect_max = 200ms}});
  const auto listening = worker.events().error.subscribe(
      [&](const std::exception& error) { errors.emplace_back(error.what()); });
  Queue queue(loop.executor(), "heals", {.connection = hasty(url)});
  std::string message;
  const auto start = Clock::now();
  try {
    loop.run(queue.add("job"));
  } catch (const CommandTimeoutError& error) {
    EXPECT_EQ(error.fate(), Fate::not_executed);
    message = error.what();
  }
  EXPECT_LT(Clock::now() - start, 10s);
  EXPECT_NE(message.find("WRONGPASS invalid username-password pair"), std::string::npos) << message;
  EXPECT_EQ(message.find("wrong@"), std::string::npos) << "a password is in the message: " << message;
  ASSERT_FALSE(errors.empty());
  EXPECT_NE(errors.front().find("WRONGPASS"), std::string::npos);

  redis({"ACL", "SETUSER", "app", ">wrong"});
  loop.until([&] {
    (void)throws<CommandTimeoutError>([&] { loop.run(queue.add("job")); });
    return processed > 0;
  });
  loop.run(worker.close(5s));
}

TEST(ConnectionLogin, AMissingPasswordIsToldAsWell) {
  RedisProcess redis({.arguments = {}, .password = "secret"});
  EventLoop loop;
  const auto answered = refused_once(loop, patient(redis.url()), make_query("PING"));
  EXPECT_NE(answered.message().find("NOAUTH"), std::string::npos) << answered.message();
  const std::string url = "redis://:secret@127.0.0.1:" + std::to_string(redis.port());
  EXPECT_EQ(ask_once(loop, patient(url), make_query("PING")).reply.text, "PONG");
}

TEST(ConnectionLogin, TooManyClientsAreToldInRedisOwnWords) {
  RedisProcess redis;
  redis({"CONFIG", "SET", "maxclients", "1"});
  EventLoop loop;
  const auto answered = refused_once(loop, patient(redis.url()), make_query("PING"));
  EXPECT_NE(answered.message().find("max number of clients reached"), std::string::npos)
      << answered.message();
}

TEST(ConnectionLogin, TheDatabaseIsThatOfTheUrl) {
  RedisProcess redis;
  EventLoop loop;
  ask_once(loop, patient(redis.url() + "/3"), make_command("SET", "where", "three"));
  redis({"SELECT", "3"});
  EXPECT_EQ(redis({"GET", "where"}).text, "three");
  const auto missing = refused_once(loop, patient(redis.url() + "/99"), make_query("PING"));
  EXPECT_NE(missing.message().find("DB index is out of range"), std::string::npos) << missing.message();
}

TEST(ConnectionLogin, OtherClientsSeeItsNameAlsoAfterAReconnection) {
  RedisProcess redis;
  EventLoop loop;
  const auto names = [&] { return redis({"CLIENT", "LIST"}).text; };
  Worker worker(loop.executor(), "names",
                [](const Job&, std::stop_token) -> awaitable<std::string> { co_return "1"; },
                {.connection = patient(redis.url()), .name = "anna"});
  QueueEvents events(loop.executor(), "names", {.connection = patient(redis.url())});
  Queue queue(loop.executor(), "names", {.connection = {.url = redis.url(), .client_name = "producer"}});
  // "names" in base64.
  const std::vector<std::string> expected{"name=bull:bmFtZXM=:w:anna ", "name=bull:bmFtZXM=:qe ",
                                          "name=producer "};
  const auto all_there = [&] {
    const std::string list = names();
    return std::all_of(expected.begin(), expected.end(),
                       [&](const std::string& name) { return list.find(name) != std::string::npos; });
  };
  loop.until(all_there);
  const auto workers = loop.run(queue.workers());
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0].at("rawname"), "bull:bmFtZXM=:w:anna");
  redis({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  loop.until(all_there);
  loop.run(worker.close(5s));
  loop.run(events.close());
}

TEST(ConnectionLogin, AUnixSocketIsAsGoodAsAPort) {
  TemporaryFolder folder;
  const std::string path = folder.file("redis.sock");
  RedisProcess redis({.arguments = {"--unixsocket", path}});
  EventLoop loop;
  EXPECT_EQ(ask_once(loop, patient("unix://" + path), make_query("PING")).reply.text, "PONG");
  ask_once(loop, patient("unix://" + path + "?db=2"), make_command("SET", "where", "two"));
  redis({"SELECT", "2"});
  EXPECT_EQ(redis({"GET", "where"}).text, "two");
  const auto absent = refused_once(loop, patient("unix://" + path + ".not"), make_query("PING"));
  EXPECT_NE(absent.message().find("cannot connect to the socket " + path + ".not: No such file"),
            std::string::npos)
      << absent.message();
}

// ---- TLS. A CA, a server certificate for "redis.test" and 127.0.0.1, a client certificate, another CA.

class TlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    make_ca("ca");
    make_ca("other");
    make_certificate("server", "subjectAltName=DNS:redis.test,IP:127.0.0.1");
    make_certificate("client", "extendedKeyUsage=clientAuth");
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::string file(const std::string& name) { return folder_->file(name); }
  static void openssl(const std::string& arguments) {
    const std::string command =
        "cd '" + folder_->file("") + "' && openssl " + arguments + " >>openssl.log 2>&1";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }
  static void make_ca(const std::string& name) {
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name +
            " -keyout " + name + ".key -out " + name + ".crt");
  }
  static void make_certificate(const std::string& name, const std::string& extension) {
    std::ofstream(file(name + ".ext")) << extension << '\n';
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " + name +
            ".key -out " + name + ".csr");
    openssl("x509 -req -days 2 -in " + name + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile " +
            name + ".ext -out " + name + ".crt");
  }

  static RedisProcess::Settings settings(const std::string& tls_port, const std::string& clients) {
    return {.arguments = {"--tls-port", tls_port, "--tls-cert-file", file("server.crt"), "--tls-key-file",
                          file("server.key"), "--tls-ca-cert-file", file("ca.crt"), "--tls-auth-clients",
                          clients}};
  }
  // Both TLS and plain: what the test itself looks at.
  std::uint16_t tls_port = free_port();
  EventLoop loop;

  ConnectionOptions options() const {
    ConnectionOptions made = patient("rediss://127.0.0.1:" + std::to_string(tls_port));
    made.tls = TlsOptions{.ca_file = file("ca.crt")};
    return made;
  }

 private:
  static inline std::unique_ptr<TemporaryFolder> folder_;
};

TEST_F(TlsTest, TheServersCertificateIsVerified) {
  RedisProcess redis(settings(std::to_string(tls_port), "no"));
  EXPECT_EQ(ask_once(loop, options(), make_query("PING")).reply.text, "PONG");

  auto named = options();
  named.tls->server_name = "redis.test";
  EXPECT_EQ(ask_once(loop, named, make_query("PING")).reply.text, "PONG");

  auto wrong_name = options();
  wrong_name.tls->server_name = "other.test";
  auto answered = refused_once(loop, wrong_name, make_query("PING"));
  EXPECT_EQ(answered.word(), "timeout, not executed");
  EXPECT_NE(answered.message().find("ostname mismatch"), std::string::npos) << answered.message();

  auto unknown_ca = options();
  unknown_ca.tls->ca_file = file("other.crt");
  answered = refused_once(loop, unknown_ca, make_query("PING"));
  EXPECT_NE(answered.message().find("certificate verify failed"), std::string::npos) << answered.message();

  auto system_cas = options();
  system_cas.tls = TlsOptions{};
  EXPECT_EQ(refused_once(loop, system_cas, make_query("PING")).word(), "timeout, not executed");

  auto unverified = options();
  unverified.tls = TlsOptions{.verify = false};
  EXPECT_EQ(ask_once(loop, unverified, make_query("PING")).reply.text, "PONG");

  auto no_file = options();
  no_file.tls->ca_file = file("missing.crt");
  answered = refused_once(loop, no_file, make_query("PING"));
  EXPECT_NE(answered.message().find("tls.ca_file cannot be read"), std::string::npos) << answered.message();

  // Nothing comes back from there, so that no attempt is over before.
  auto plain_port = options();
  plain_port.command_timeout = 700ms;
  plain_port.url = "rediss://127.0.0.1:" + std::to_string(redis.port());
  EXPECT_EQ(ask_once(loop, plain_port, make_query("PING")).word(), "timeout, not executed");
}

TEST_F(TlsTest, AClientCertificateIsPresented) {
  RedisProcess redis(settings(std::to_string(tls_port), "yes"));
  auto with = options();
  with.tls->certificate_file = file("client.crt");
  with.tls->key_file = file("client.key");
  EXPECT_EQ(ask_once(loop, with, make_query("PING")).reply.text, "PONG");
  const auto without = refused_once(loop, options(), make_query("PING"));
  EXPECT_EQ(without.word(), "timeout, not executed");
  EXPECT_NE(without.message().find("the last attempt: "), std::string::npos) << without.message();
}

TEST_F(TlsTest, LoadAndLargePayloadsPassAndBrokenConnectionsComeBack) {
  RedisProcess redis(settings(std::to_string(tls_port), "no"));
  const auto connection = Connection::open(loop.executor(), options());
  const std::string large(2UL * 1024 * 1024, 'y');
  int wrong = 0;
  for (int i = 0; i < 4; ++i) {
    loop.spawn([](std::shared_ptr<Connection> c, const std::string& value, int& failures) -> awaitable<void> {
      co_await ask(c, make_command("SET", "large", value));
      const auto answer = co_await ask(c, make_query("GET", "large"));
      if (answer.reply.text != value) ++failures;
    }(connection, large, wrong));
  }
  loop.finish();
  EXPECT_EQ(wrong, 0);
  // Broken in the middle of large writes and reads, again and again.
  for (int i = 0; i < 12; ++i) {
    loop.spawn([](std::shared_ptr<Connection> c, const std::string& value) -> awaitable<void> {
      co_await ask(c, make_command("SET", "large", value));
      co_await ask(c, make_query("GET", "large"));
    }(connection, large));
    loop.run_for(std::chrono::milliseconds(i));
    connection->interrupt();
  }
  loop.finish();
  EXPECT_EQ(loop.run(ask(connection, make_query("ECHO", "still here"))).reply.text, "still here");
}

}  // namespace
}  // namespace bullmq::testing
