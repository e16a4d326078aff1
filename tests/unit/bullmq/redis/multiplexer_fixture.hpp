// A multiplexer without a connection: what the tests of its tables do with it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "bullmq/error.hpp"
#include "redis/multiplexer.hpp"

namespace bullmq::detail {

using namespace std::chrono_literals;
using Instant = Multiplexer::Instant;

inline constexpr Script kScript{"aScript", 0, 0, "0123456789012345678901234567890123456789", "return 1"};

// What became of the commands, by their names: "a: 7", "a: RedisError OOM", "a: unknown lost", ...
using Outcomes = std::vector<std::string>;

class NamedPending final : public Pending {
 public:
  NamedPending(std::string name, Outcomes& outcomes) : name_(std::move(name)), outcomes_(outcomes) {}
  void complete(std::exception_ptr failure, Reply reply) override {
    outcomes_.push_back(name_ + ": " + told(failure, reply));
  }

 private:
  static std::string fate(Fate fate) { return fate == Fate::unknown ? "unknown" : "not executed"; }
  static std::string told(const std::exception_ptr& failure, const Reply& reply) {
    if (!failure) return reply.is_integer() ? std::to_string(reply.integer) : reply.text;
    try {
      std::rethrow_exception(failure);
    } catch (const CommandTimeoutError& error) {
      return "late, " + fate(error.fate());
    } catch (const ConnectionError& error) {
      return fate(error.fate());
    } catch (const CancelledError& error) {
      return "cancelled, " + fate(error.fate());
    } catch (const RedisError& error) {
      return error.what();
    }
  }
  std::string name_;
  Outcomes& outcomes_;
};

inline Reply integer(std::int64_t value) {
  Reply reply;
  reply.type = Reply::Type::integer;
  reply.integer = value;
  return reply;
}
inline Reply error(const std::string& text) {
  Reply reply;
  reply.type = Reply::Type::error;
  reply.text = text;
  return reply;
}

class MultiplexerTest : public ::testing::Test {
 protected:
  explicit MultiplexerTest(Multiplexer::Node node = Multiplexer::Node::alone) : mux(options, node) {}

  Pending& add(const std::string& name, Command command, Multiplexer::Refusal refusal = {}) {
    auto pending = std::make_unique<NamedPending>(name, outcomes);
    Pending& raw = *pending;
    raw.replies_left = command.replies;
    raw.command = std::move(command);
    complete(mux.submit(std::move(pending), refusal, now));
    return raw;
  }
  Pending& write(const std::string& name) { return add(name, make_command("SET", name, 1)); }
  Pending& read(const std::string& name) { return add(name, make_query("GET", name)); }
  Pending& call(const std::string& name) { return add(name, ScriptCall(kScript, 1).add(name).take()); }

  // The names of what goes out in the next write; a script's call with its text has a '+'.
  std::string sent() {
    std::string bytes;
    mux.fill_batch(bytes, now);
    std::string names;
    for (const char name : std::string("abcdefgh")) {
      if (bytes.find("$1\r\n" + std::string(1, name) + "\r\n") == std::string::npos) continue;
      names += name;
    }
    if (bytes.find("$4\r\nEVAL\r\n") != std::string::npos) names += '+';
    return names;
  }
  AnswerMeaning answer(Reply reply) {
    AnswerMeaning meaning = mux.on_answer(std::move(reply), "asked.example");
    if (auto* answered = std::get_if<Answered>(&meaning)) complete(std::move(answered->completion));
    return meaning;
  }
  void complete(Completion done) { done.pending->complete(std::move(done.failure), std::move(done.reply)); }
  void complete(std::optional<Completion> done) {
    if (done) complete(std::move(*done));
  }
  void complete(std::vector<Completion> all) {
    for (Completion& done : all) complete(std::move(done));
  }
  Outcomes take_outcomes() { return std::exchange(outcomes, {}); }

  ConnectionOptions options;
  Instant now{1h};
  Outcomes outcomes;
  Multiplexer mux;
};

class ClusterMultiplexerTest : public MultiplexerTest {
 protected:
  ClusterMultiplexerTest() : MultiplexerTest(Multiplexer::Node::of_cluster) {}
};

}  // namespace bullmq::detail
