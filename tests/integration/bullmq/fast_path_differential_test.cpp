// The scripts of our own against upstream's: the same operations on two servers, many at a time on one and
// one by one on the other, leave the same keys and the same events.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "bullmq/queue.hpp"
#include "fast_path_side.hpp"

namespace bullmq::testing {
namespace {

using detail::JobFields;
using detail::NextJob;
using detail::Outcome;

constexpr Timestamp kThen = 4'000'000'000'000;  // far away: what is delayed stays delayed

std::string describe(const NextJob& next) {
  if (!next.has_job) {
    return "nothing, limit " + std::to_string(next.rate_limit_ms > 0) + ", next " +
           std::to_string(next.delay_until);
  }
  const auto& job = next.record;
  return job.id + ' ' + job.name + ' ' + job.data + " started " + std::to_string(job.attempts_started) +
         " made " + std::to_string(job.attempts_made) + " by " + job.processed_by.value_or("nobody") +
         " taken " + std::to_string(job.processed_on.has_value());
}

struct End {
  std::string token;
  Outcome outcome = Outcome::completed;
  std::string value;
  bool fetch_next = false;
};

awaitable<std::string> end_one(Side& side, const End& end) {
  const auto held = side.active.find(end.token);
  JobRecord job = held == side.active.end() ? JobRecord{} : held->second;
  JobFields fields;
  if (end.outcome == Outcome::failed) fields = {{"failedReason", end.value}, {"stacktrace", "[\"at once\"]"}};
  NextJob next = co_await side.backend->finish(job, end.outcome, end.value, end.token, end.fetch_next,
                                               std::move(fields));
  side.active.erase(end.token);
  std::string words = end.fetch_next ? describe(next) : "ended";
  if (next.has_job) side.active[end.token] = next.record;
  co_return words;
}

// Up to the first that finds nothing.
Words take(Side& side, const std::vector<std::string>& tokens) {
  Words words;
  const auto keep = [&](const std::vector<NextJob>& found, std::size_t first) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      words.push_back(describe(found[i]));
      if (found[i].has_job) side.active[tokens[first + i]] = found[i].record;
    }
    return found.back().has_job;
  };
  if (side.backend->fast_path) {
    keep(side.loop.run(side.backend->move_to_active(tokens)), 0);
    return words;
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!keep(side.loop.run(side.backend->move_to_active({tokens[i]})), i)) break;
  }
  return words;
}

// ---- What is in Redis afterwards, without what differs between any two runs.

std::string tidy_field(const std::string& key, const std::string& field, const std::string& value) {
  if (field == "processedOn" || field == "finishedOn" || (key.ends_with("completed") && field == "prevTS"))
    return "*";
  // The order of a JSON object's members is nobody's business.
  if (field == "opts") return nlohmann::json::parse(value).dump();
  return value;
}

std::string dump_key(Side& side, const std::string& key) {
  const std::string type = side.ask(make_query("TYPE", key)).text;
  std::string out = key + " (" + type + ")";
  if (type == "hash") {
    std::map<std::string, std::string> fields;
    const Reply reply = side.ask(make_query("HGETALL", key));
    for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      fields[reply.elements[i].text] = tidy_field(key, reply.elements[i].text, reply.elements[i + 1].text);
    }
    for (const auto& [field, value] : fields) out += "\n  " + field + " = " + value;
  } else if (type == "list") {
    for (const Reply& element : side.ask(make_query("LRANGE", key, 0, -1)).elements)
      out += "\n  " + element.text;
  } else if (type == "zset") {
    const Reply reply = side.ask(make_query("ZRANGE", key, 0, -1, "WITHSCORES"));
    // Scores of finished jobs are times; their order within a millisecond is that of their ids.
    const bool by_time = key.ends_with(":completed") || key.ends_with(":failed");
    std::multiset<std::string> members;
    for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      members.insert(reply.elements[i].text + (by_time ? "" : ' ' + reply.elements[i + 1].text));
    }
    for (const std::string& member : members) out += "\n  " + member;
  } else if (type == "stream") {
    for (const Reply& entry : side.ask(make_query("XRANGE", key, "-", "+")).elements) {
      out += "\n ";
      for (const Reply& part : entry.elements.at(1).elements) out += ' ' + part.text;
    }
  } else if (type == "set") {
    std::set<std::string> members;
    for (const Reply& element : side.ask(make_query("SMEMBERS", key)).elements) members.insert(element.text);
    for (const std::string& member : members) out += "\n  " + member;
  } else {
    out += "\n  " + side.ask(make_query("GET", key)).text;
  }
  return out;
}

Words keyspace(Side& side) {
  std::set<std::string> keys;
  for (const Reply& key : side.ask(make_query("KEYS", "*")).elements) keys.insert(key.text);
  Words dump;
  for (const std::string& key : keys) dump.push_back(dump_key(side, key));
  return dump;
}

// ---- Sequences from a seed.

class Sequence {
 public:
  Sequence(std::uint32_t seed, Side& fast, Side& slow) : random_(seed), sides_{&fast, &slow} {
    fast.reset(true);
    slow.reset(false);
  }

  void step() {
    switch (draw(10)) {
      case 0:
      case 1:
      case 2:
        add();
        break;
      case 3:
      case 4:
        take_some();
        break;
      case 5:
      case 6:
      case 7:
        end_some();
        break;
      case 8:
        change_meta();
        break;
      default:
        lose_something();
    }
    EXPECT_EQ(keyspace(*sides_[0]), keyspace(*sides_[1]));
  }

 private:
  std::size_t draw(std::size_t below) { return random_() % below; }
  bool chance(std::size_t percent) { return draw(100) < percent; }

  JobToAdd draw_job() {
    JobToAdd job;
    job.name = chance(50) ? "paint" : "draw \xc3\xa9";
    job.data = "{\"n\":" + std::to_string(draw(1000)) + "}";
    job.timestamp = kThen + static_cast<Timestamp>(draw(3));
    if (chance(30)) job.options.job_id = "own-" + std::to_string(draw(12));
    if (chance(20)) job.options.delay = Milliseconds(static_cast<std::int64_t>(draw(3)) * 1'000);
    if (chance(20)) job.options.priority = static_cast<std::int64_t>(draw(3));
    if (chance(20)) job.options.lifo = chance(70);
    if (chance(40)) job.options.attempts = static_cast<std::int64_t>(1 + draw(3));
    if (chance(15)) {
      Backoff backoff;
      backoff.type = "exponential";
      backoff.delay = Milliseconds(500);
      job.options.backoff = backoff;
    }
    if (chance(10)) {
      Deduplication deduplication;
      deduplication.id = "same-" + std::to_string(draw(3));
      job.options.deduplication = deduplication;
    }
    if (chance(20)) {
      KeepJobs none;
      none.count = 0;
      job.options.remove_on_complete = none;
    }
    if (chance(20)) {
      KeepJobs day;
      day.age = std::chrono::hours(24);
      job.options.remove_on_fail = day;
    }
    return job;
  }

  void add() {
    std::vector<JobToAdd> jobs(1 + draw(8));
    for (JobToAdd& job : jobs) job = draw_job();
    const bool bulk = chance(30);
    Words words[2];
    for (int i = 0; i < 2; ++i) {
      Side& side = *sides_[i];
      if (bulk) {
        std::vector<const JobToAdd*> pointers;
        for (const JobToAdd& job : jobs) pointers.push_back(&job);
        for (const auto& added : side.loop.run(side.backend->add_bulk(pointers)))
          words[i].push_back(added.id);
      } else {
        words[i] = all<JobToAdd>(side, jobs, add_one);
      }
    }
    EXPECT_EQ(words[0], words[1]);
  }

  void take_some() {
    std::vector<std::string> tokens(1 + draw(5));
    for (std::string& token : tokens) token = "token:" + std::to_string(next_token_++);
    const Words fast = take(*sides_[0], tokens);
    const Words slow = take(*sides_[1], tokens);
    EXPECT_EQ(fast, slow);
  }

  void end_some() {
    std::vector<End> ends;
    for (const auto& [token, job] : sides_[1]->active) {
      if (!chance(60)) continue;
      End end;
      end.token = token;
      end.outcome = chance(70) ? Outcome::completed : Outcome::failed;
      end.value = end.outcome == Outcome::completed ? R"({"text":"done"})" : "out of paint";
      end.fetch_next = chance(60);
      ends.push_back(std::move(end));
    }
    // Those that are upstream's business go by themselves, and the order of ends is not promised.
    std::vector<End> of_kind[3];
    for (End& end : ends) {
      const JobRecord& job = sides_[1]->active.at(end.token);
      const std::size_t kind = job.deduplication_id ? 0 : with_children_.contains(job.id) ? 1 : 2;
      of_kind[kind].push_back(std::move(end));
    }
    for (const auto& some : of_kind) end_all(some);
  }

  void end_all(const std::vector<End>& ends) {
    const Words fast = all<End>(*sides_[0], ends, end_one);
    const Words slow = all<End>(*sides_[1], ends, end_one);
    EXPECT_EQ(fast, slow);
  }

  void change_meta() {
    const std::size_t what = draw(4);
    for (Side* side : sides_) {
      const std::string meta = side->backend->keys().meta;
      if (what == 0) side->ask(make_command("HSET", meta, "paused", 1));
      if (what == 1) side->ask(make_command("HDEL", meta, "paused"));
      if (what == 2) side->ask(make_command("HSET", meta, "concurrency", 4));
      if (what == 3) side->ask(make_command("HDEL", meta, "concurrency"));
    }
  }

  // Between two operations somebody else takes a lock, an active job, or a whole job away.
  void lose_something() {
    if (sides_[1]->active.empty()) return;
    auto lost = sides_[1]->active.begin();
    std::advance(lost, draw(sides_[1]->active.size()));
    const std::string id = lost->second.id;
    const std::size_t how = draw(4);
    if (how == 3) with_children_.insert(id);
    for (Side* side : sides_) {
      const auto& keys = side->backend->keys();
      if (how == 0) side->ask(make_command("DEL", keys.job(id, "lock")));
      if (how == 1) side->ask(make_command("SET", keys.job(id, "lock"), "somebody else's"));
      if (how == 2) side->ask(make_command("LREM", keys.active, 0, id));
      if (how == 3) side->ask(make_command("SADD", keys.job(id, "dependencies"), "bull:child:1"));
    }
  }

  std::mt19937 random_;
  Side* sides_[2];
  std::size_t next_token_ = 0;
  std::set<std::string> with_children_;
};

std::size_t from_environment(const char* name, std::size_t otherwise) {
  const char* const wanted = std::getenv(name);
  return wanted == nullptr ? otherwise : std::strtoul(wanted, nullptr, 10);
}

// tests/interop/test_fast_path.py has servers that Node reads along on.
std::uint16_t port_from_environment(const char* name) {
  return static_cast<std::uint16_t>(from_environment(name, 0));
}

TEST(FastPath, LeavesWhatUpstreamsScriptsLeave) {
  EventLoop loop;
  Side fast(loop, true, port_from_environment("BULLMQ_FAST_PATH_PORT"));
  Side slow(loop, false, port_from_environment("BULLMQ_SLOW_PATH_PORT"));
  const std::size_t sequences = from_environment("BULLMQ_FAST_PATH_SEQUENCES", 60);
  const std::size_t steps = from_environment("BULLMQ_FAST_PATH_STEPS", 12);
  for (std::uint32_t seed = 1; seed <= sequences; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Sequence sequence(seed, fast, slow);
    for (std::size_t step = 0; step < steps; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      sequence.step();
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace bullmq::testing
