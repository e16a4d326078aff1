// The scripts of our own against upstream's: the same operations on two servers, many at a time on one and
// one by one on the other, leave the same keys and the same events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "bullmq/queue.hpp"
#include "fast_path_side.hpp"
#include "support/throws.hpp"

namespace bullmq::testing {
namespace {

using detail::JobFields;
using detail::NextJob;
using detail::Outcome;
using shunt::testing::throws;

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
  if (field == "processedOn" || field == "finishedOn" ||
      (key.find(":metrics:") != std::string::npos && field == "prevTS"))
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
    const bool by_time =
        key.ends_with(":completed") || key.ends_with(":failed") || key.ends_with(":unsuccessful");
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
  // `ways`: how many of those to meddle with a job may be drawn, the harmless ones first.
  Sequence(std::uint32_t seed, Side& fast, Side& slow, std::size_t ways)
      : random_(seed), sides_{&fast, &slow}, ways_(ways) {
    fast.reset(true);
    slow.reset(false);
    const bool metrics = chance(30);
    for (Side* side : sides_) {
      if (metrics) side->backend->policy.metrics_max_data_points = 10;
    }
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
        meddle();
    }
    EXPECT_THAT(keyspace(*sides_[0]), ::testing::ContainerEq(keyspace(*sides_[1])));
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
      const std::size_t kind = job.deduplication_id ? 0 : odd_.contains(job.id) ? 1 : 2;
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
    const std::size_t what = draw(6);
    for (Side* side : sides_) {
      const std::string meta = side->backend->keys().meta;
      if (what == 0) side->ask(make_command("HSET", meta, "paused", 1));
      if (what == 1) side->ask(make_command("HDEL", meta, "paused"));
      if (what == 2) side->ask(make_command("HSET", meta, "concurrency", 4));
      if (what == 3) side->ask(make_command("HDEL", meta, "concurrency"));
      if (what == 4) side->ask(make_command("HSET", meta, "max", 3, "duration", 600'000));
      if (what == 5) side->ask(make_command("HDEL", meta, "max", "duration"));
    }
  }

  // What any client may do to an active job between its fetch and its end. What is left of those that only
  // upstream's script can end then goes by itself (end_some).
  void meddle() {
    if (sides_[1]->active.empty()) return;
    auto chosen = sides_[1]->active.begin();
    std::advance(chosen, draw(sides_[1]->active.size()));
    const std::string token = chosen->first;
    const JobRecord job = chosen->second;
    const std::size_t how = draw(ways_);
    if (how >= 3 && how <= 8) odd_.insert(job.id);
    const std::size_t number = next_parent_++;
    // A parent that fails with its child comes to be active too, and has that child still.
    if (how == 5) odd_.insert("parent-" + std::to_string(number));
    for (Side* side : sides_) {
      // An earlier turn may have made the key one of another type, on both sides.
      (void)throws<RedisError>([&] { meddle_with(*side, how, job, token, number); });
    }
  }

  void meddle_with(Side& side, std::size_t how, const JobRecord& job, const std::string& token,
                   std::size_t number) {
    const auto& keys = side.backend->keys();
    const std::string key = keys.job(job.id);
    const std::string lock = keys.job(job.id, "lock");
    const auto leave_active = [&] {
      side.ask(make_command("DEL", lock));
      side.ask(make_command("LREM", keys.active, 0, job.id));
    };
    switch (how) {
      case 0:
        side.ask(make_command("DEL", lock));
        break;
      case 1:
        side.ask(make_command("SET", lock, "somebody else's"));
        break;
      case 2:
        side.ask(make_command("LREM", keys.active, 0, job.id));
        break;
      case 3:
        side.ask(make_command("SADD", keys.job(job.id, "dependencies"), "bull:child:1"));
        break;
      case 4:
        side.ask(make_command("ZADD", keys.job(job.id, "unsuccessful"), 1, "bull:child:1"));
        break;
      case 5:
        reparent(side, job, number);
        break;
      case 6:
        side.ask(make_command("HSET", key, "deid", "late"));
        side.ask(make_command("SET", keys.deduplication("late"), job.id));
        break;
      case 7:
        side.ask(make_command("HSET", key, "atm", "many"));
        break;
      case 8:
        side.ask(make_command("DEL", key));
        side.ask(make_command("SADD", key, "not a hash"));
        break;
      case 9:
        side.ask(make_command("HSET", key, "atm", 5));
        break;
      case 10:
        side.ask(make_command("HSET", key, "attemptsMade", 4));
        break;
      case 11:
        side.ask(make_command("DEL", keys.deduplication("same-" + std::to_string(number % 3))));
        break;
      case 12:
        side.ask(
            make_command("HSET", key, "data", "{\"new\":1}", "progress", "50", "priority", 3, "delay", 0));
        break;
      case 13:
        side.ask(make_command("DEL", key, lock));
        break;
      case 14:
        // Renewed.
        side.ask(make_command("SET", lock, token, "PX", 30'000));
        break;
      case 15:
        leave_active();
        side.ask(make_command("ZADD", keys.delayed, (kThen + 1) * 4096, job.id));
        break;
      case 16:
        leave_active();
        side.ask(make_command("ZADD", keys.waiting_children, 1, job.id));
        break;
      case 17:
        retry(side, job, token);
        break;
      case 18:
        // Away and back with the same token.
        side.ask(make_command("HINCRBY", key, "ats", 1));
        break;
      case 19:
        drain(side);
        break;
      case 20:
        side.ask(make_command("HSET", keys.meta, "opts.maxLenEvents",
                              number % 3 == 0   ? 0
                              : number % 3 == 1 ? 5
                                                : 10'000));
        break;
      default:
        if (number % 5 == 0) side.ask(make_command("FLUSHALL"));
    }
  }

  // An add of a job that is there, with a parent that waits for its children.
  static void reparent(Side& side, const JobRecord& job, std::size_t number) {
    const auto& keys = side.backend->keys();
    JobToAdd parent;
    parent.name = "parent";
    parent.data = "{}";
    parent.timestamp = kThen;
    parent.options.job_id = "parent-" + std::to_string(number);
    side.loop.run(side.backend->add(parent));
    side.ask(make_command("LREM", keys.wait, 0, *parent.options.job_id));
    side.ask(make_command("ZADD", keys.waiting_children, 1, *parent.options.job_id));
    JobToAdd again;
    again.name = job.name;
    again.data = job.data;
    again.timestamp = kThen;
    again.options.job_id = job.id;
    again.options.parent.emplace();
    again.options.parent->id = *parent.options.job_id;
    again.options.parent->queue = "bull:paint";
    again.options.fail_parent_on_failure = number % 2 == 0;
    all<JobToAdd>(side, {again}, add_one);
  }
  static void retry(Side& side, const JobRecord& job, const std::string& token) {
    // Its lock or its place may be gone already.
    (void)throws<Error>([&] { side.loop.run(side.backend->retry_job(job.id, false, token, {})); });
  }
  static void drain(Side& side) {
    const auto& keys = side.backend->keys();
    for (const Reply& id : side.ask(make_query("LRANGE", keys.wait, 0, -1)).elements)
      side.ask(make_command("DEL", keys.job(id.text)));
    side.ask(make_command("DEL", keys.wait));
  }

  std::mt19937 random_;
  Side* sides_[2];
  const std::size_t ways_;
  std::size_t next_token_ = 0;
  std::size_t next_parent_ = 0;
  // Jobs that only upstream's script can end.
  std::set<std::string> odd_;
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
  const std::size_t ways = from_environment("BULLMQ_FAST_PATH_WAYS", 22);
  for (std::uint32_t seed = 1; seed <= sequences; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Sequence sequence(seed, fast, slow, ways);
    for (std::size_t step = 0; step < steps; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      sequence.step();
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace bullmq::testing
