#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "bullmq/queue.hpp"
#include "event_loop.hpp"
#include "redis_process.hpp"

namespace bullmq::testing {

// What became of adds that were made while something went wrong; each job has a name of its own.
struct AddTally {
  std::vector<std::string> added;
  std::vector<std::string> not_executed;
  std::vector<std::string> unknown;
  // Answers of Redis that are errors.
  std::map<std::string, int> refused;
  bool stop = false;
};

inline awaitable<void> add_one(Queue& queue, std::string name, AddTally& tally) {
  std::exception_ptr failure;
  try {
    co_await queue.add(name);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::string word = word_of(failure);
  if (word == "ok") {
    tally.added.push_back(name);
  } else if (word.ends_with("not executed")) {
    tally.not_executed.push_back(name);
  } else if (word.ends_with("unknown")) {
    tally.unknown.push_back(name);
  } else {
    ++tally.refused[word];
  }
}

inline awaitable<void> keep_adding(Queue& queue, std::string prefix, AddTally& tally) {
  for (int i = 0; !tally.stop; ++i) {
    const std::size_t failed = tally.not_executed.size() + tally.unknown.size() + tally.refused.size();
    co_await add_one(queue, prefix + ":" + std::to_string(i), tally);
    // What fails fast is not to fill the memory with failures.
    if (tally.not_executed.size() + tally.unknown.size() + tally.refused.size() != failed)
      co_await sleep_for(std::chrono::milliseconds(2));
  }
}

inline void start_adding(EventLoop& loop, Queue& queue, AddTally& tally, int coroutines = 50) {
  for (int i = 0; i < coroutines; ++i) loop.spawn(keep_adding(queue, std::to_string(i), tally));
}

// How often each name is in the queue.
inline std::map<std::string, int> names_in(RedisProcess& redis, const std::string& queue) {
  const Reply names =
      redis({"EVAL",
             "local names = {} for _, id in ipairs(redis.call('LRANGE', KEYS[1] .. ':wait', 0, "
             "-1)) do names[#names + 1] = redis.call('HGET', KEYS[1] .. ':' .. id, 'name') end "
             "return names",
             "1", "bull:" + queue});
  std::map<std::string, int> count;
  for (const Reply& name : names.elements) ++count[name.text];
  return count;
}

// Acknowledged: there, once. Not executed: not there. Unknown: there once, or not.
inline void expect_fates_told_truly(RedisProcess& redis, const std::string& queue, const AddTally& tally) {
  const auto names = names_in(redis, queue);
  const auto times = [&](const std::string& name) {
    const auto found = names.find(name);
    return found == names.end() ? 0 : found->second;
  };
  int lost = 0;
  int executed_all_the_same = 0;
  int twice = 0;
  for (const std::string& name : tally.added) lost += times(name) == 0 ? 1 : 0;
  for (const std::string& name : tally.not_executed) executed_all_the_same += times(name) > 0 ? 1 : 0;
  for (const auto& [name, count] : names) twice += count > 1 ? 1 : 0;
  EXPECT_EQ(lost, 0) << "of " << tally.added.size() << " acknowledged";
  EXPECT_EQ(executed_all_the_same, 0) << "of " << tally.not_executed.size() << " not executed";
  EXPECT_EQ(twice, 0);
  EXPECT_LE(names.size(), tally.added.size() + tally.unknown.size());
  ::testing::Test::RecordProperty("added", static_cast<int>(tally.added.size()));
  ::testing::Test::RecordProperty("not_executed", static_cast<int>(tally.not_executed.size()));
  ::testing::Test::RecordProperty("unknown", static_cast<int>(tally.unknown.size()));
  std::cout << "added " << tally.added.size() << ", not executed " << tally.not_executed.size()
            << ", unknown " << tally.unknown.size() << '\n';
}

// Longer runs on demand: BULLMQ_KILLS=5000 and the like.
inline int number_from_environment(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace bullmq::testing
