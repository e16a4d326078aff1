#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "integration/bullmq/redis_process.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

using bullmq::testing::RedisProcess;
using bullmq::testing::Reply;
using Words = std::vector<std::string>;

inline const std::string kBase = "{t}::gen:";
inline const std::string kQueue = "{t}:echo";

// What an answer is, in one line: "[admitted]", "[busy 1 1]".
inline std::string show(const Reply& reply) {
  if (reply.type == Reply::Type::integer) return std::to_string(reply.integer);
  if (reply.type != Reply::Type::array) return reply.text;
  std::string line = "[";
  for (const Reply& element : reply.elements) {
    if (line.size() > 1) line += ' ';
    line += show(element);
  }
  return line + ']';
}

// Runs the scripts of executor/lua as they are embedded, and looks at what they leave.
class GenerationScripts : public ::testing::Test {
 protected:
  GenerationScripts() { redis({"FLUSHALL"}); }

  static Reply redis(const Words& words) {
    static RedisProcess server;
    return server(words);
  }
  std::string run(const std::string& script, Words arguments) {
    std::ifstream in(std::string(SHUNT_LUA) + "/" + script + ".lua");
    std::ostringstream text;
    text << in.rdbuf();
    Words words{"EVAL", text.str(), "1", kBase};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return show(redis(words));
  }
  std::string admit(const std::string& id, const std::string& claim = "", const std::string& print = "",
                    const std::string& waiting = "9", const std::string& require_worker = "",
                    const std::string& slots = "1", const std::string& once = "") {
    return run("admit", {"1000", "60000", "api-1", require_worker, "600", "1000", id, kQueue, "echo", "head",
                         claim, print, waiting, slots, "30000", "ann", "0", once});
  }
  // With quotas: of open generations, and of claims.
  std::string admit_of(const std::string& caller, const std::string& id, const std::string& claim,
                       const std::string& most_open, const std::string& most_claims,
                       const std::string& now = "1000") {
    return run("admit", {now, "60000", "api-1", "", "600", most_claims, id, kQueue, "echo", "head", claim,
                         "print", "99", "99", "30000", caller, most_open, ""});
  }
  std::string list(const std::string& before, const std::string& caller = "", const std::string& state = "",
                   const std::string& model = "") {
    return run("list", {before, "2", "2", caller.empty() ? "" : "1", caller, state, model, ""});
  }
  std::string forget(const std::string& id, const std::string& how) {
    return run("delete", {id, how, "100", "60000"});
  }
  std::string read(const std::string& watcher, const std::string& id) {
    return run("read", {watcher, "1000", id});
  }
  std::string begin(const std::string& id, const std::string& token = "", const std::string& head = "head") {
    return run("begin", {"worker-1", id, kQueue, head, "30000", token.empty() ? "900" : "900 " + token});
  }
  std::string append(const std::string& id, const std::string& attempt, int first, int count,
                     const std::string& events, const std::string& end = "") {
    return run("append", {"100", "60000", id, attempt, std::to_string(first), std::to_string(count), events,
                          end, "5000"});
  }
  std::string cancel(const std::string& id) { return run("cancel", {id, "why", "100", "60000"}); }
  static std::string record(const std::string& id, const std::string& field) {
    return redis({"HGET", kBase + "r:" + id, field}).text;
  }
  static void add_job(const std::string& id, const Words& fields = {"name", "echo"}) {
    Words words{"HSET", kQueue + ":" + id};
    words.insert(words.end(), fields.begin(), fields.end());
    redis(words);
  }
  static void listens(const std::string& process) { redis({"SET", kBase + "on:" + process, "1"}); }
};

}  // namespace shunt::testing
