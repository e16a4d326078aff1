#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/queue_backend.hpp"
#include "bullmq/error.hpp"
#include "event_loop.hpp"
#include "support/child_server.hpp"

namespace bullmq::testing {

using detail::JobToAdd;
using detail::QueueBackend;
using detail::Reply;
using shunt::testing::ChildServer;

// A server and the backend of a queue on it.
struct Side {
  // On a server of its own, unless there is one already.
  Side(EventLoop& event_loop, bool fast, std::uint16_t port = 0) : loop(event_loop) {
    if (port == 0) {
      server.emplace(std::vector<std::string>{"/usr/bin/python3", SHUNT_TEST_SUPPORT "/redis_server.py"});
      port = server->port();
    }
    ConnectionOptions options;
    options.url = "redis://127.0.0.1:" + std::to_string(port);
    connection = Connection::open(loop.executor(), options);
    loop.run(connection->wait_until_up());
    reset(fast);
  }
  void reset(bool fast) {
    ask(make_command("FLUSHALL"));
    backend = std::make_shared<QueueBackend>(connection, "bull", "paint");
    backend->fast_path = fast;
    backend->policy.name = "painter";
    active.clear();
  }
  Reply ask(Command command) { return loop.run(connection->execute(std::move(command))); }

  EventLoop& loop;
  std::optional<ChildServer> server;
  std::shared_ptr<Connection> connection;
  std::shared_ptr<QueueBackend> backend;
  // By token.
  std::map<std::string, JobRecord> active;
};

// What an operation answered, as a text.
using Words = std::vector<std::string>;

// Runs an operation for many items: at once on a fast side, where they share calls.
template <typename Item>
Words all(Side& side, const std::vector<Item>& items,
          const std::function<awaitable<std::string>(Side&, const Item&)>& one) {
  Words words(items.size());
  const auto run = [&](std::size_t i) -> awaitable<void> {
    try {
      words[i] = co_await one(side, items[i]);
    } catch (const Error& error) {
      words[i] = std::string("error: ") + error.what();
    }
  };
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (side.backend->fast_path) {
      side.loop.spawn(run(i));
    } else {
      side.loop.run(run(i));
    }
  }
  side.loop.finish();
  return words;
}

inline awaitable<std::string> add_one(Side& side, const JobToAdd& job) {
  const auto added = co_await side.backend->add(job);
  co_return added.id + (added.outcome == AddOutcome::created     ? ""
                        : added.outcome == AddOutcome::duplicate ? " duplicate"
                                                                 : " deduplicated");
}

}  // namespace bullmq::testing
