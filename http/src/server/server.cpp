#include "shunt/http/server/server.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "server/connection_admission.hpp"
#include "server/loop_shard.hpp"
#include "server/too_many_connections.hpp"
#include "shunt/base/log.hpp"
#include "shunt/base/overloaded.hpp"
#include "shunt/http/http_date.hpp"
#include "shunt/http/problem_code.hpp"

namespace shunt::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};
// What a connection takes that has sent nothing, or waits: more can be open only if there is memory for them.
constexpr std::size_t kBytesAConnection = 4608;
// After the last connection was told to go: they end at once unless an application breaks its promise.
constexpr std::chrono::seconds kAbortWait{5};

std::future<void> passed(EventLoop& loop) {
  const auto promise = std::make_shared<std::promise<void>>();
  loop.post([promise] { promise->set_value(); });
  return promise->get_future();
}

Error cannot_listen(const tcp::endpoint& endpoint, const error_code& failure) {
  const bool taken = failure == boost::asio::error::address_in_use;
  return Error{taken ? ErrorCode("address_in_use") : ErrorCode("cannot_listen"),
               "cannot listen on " + endpoint.address().to_string() + ':' + std::to_string(endpoint.port()) +
                   ": " + (taken ? "the port is taken by another program" : failure.message())};
}

error_code open_acceptor(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code failure;
  acceptor.open(endpoint.protocol(), failure);
  if (!failure) acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor.bind(endpoint, failure);
  if (!failure) acceptor.listen(tcp::acceptor::max_listen_connections, failure);
  return failure;
}

}  // namespace

// The parts that connections and posted functions may still touch when the HttpServer has gone.
struct Server::Core : std::enable_shared_from_this<Core> {
  Core(EventLoopThreads& loops, std::shared_ptr<Application> served, ServerState& shared)
      : application(std::move(served)),
        state(shared),
        accept_loop(loops.at(0)),
        acceptor(accept_loop.context()) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      // The count is shared: the last connection's end may let go of everything else.
      shards.push_back(std::make_shared<LoopShard>(
          loops.at(i), *application, state,
          [count = state.connections](bool was_taken) { count->left(was_taken); }));
    }
  }

  LoopShard& least_loaded() {
    return **std::min_element(shards.begin(), shards.end(),
                              [](const auto& a, const auto& b) { return a->size() < b->size(); });
  }

  void accept_next();
  void settle();
  void accepted(LoopShard& shard, tcp::socket socket);
  [[nodiscard]] std::optional<Error> admit(Arrival& arrival);
  [[nodiscard]] std::optional<Error> count_address(const tcp::socket& socket, Arrival& arrival);
  [[nodiscard]] LoopShard* longest_waiting(WaitsFor what);
  // False: none waits.
  bool shed_longest(WaitsFor what);
  void turn_away(tcp::socket socket, const Error& why);
  void pause_accepting(const error_code& failure);
  template <typename Do>
  void on_each_shard(Do act) {
    for (const auto& shard : shards)
      shard->loop().post([self = shared_from_this(), shard, act] { act(*shard); });
  }

  const std::shared_ptr<Application> application;
  ServerState& state;
  EventLoop& accept_loop;
  tcp::acceptor acceptor;  // accept_loop's thread, once listening
  Timer accept_pause;
  std::vector<std::shared_ptr<LoopShard>> shards;
};

void Server::Core::accept_next() {
  if (!acceptor.is_open()) return;
  LoopShard& shard = least_loaded();
  acceptor.async_accept(shard.loop().context(),
                        [self = shared_from_this(), &shard](const error_code& failure, tcp::socket socket) {
                          if (failure == boost::asio::error::operation_aborted) return;
                          // The client may have given up before its turn came: not our failure.
                          if (failure && failure != boost::asio::error::connection_aborted) {
                            return self->pause_accepting(failure);
                          }
                          if (!failure) self->accepted(shard, std::move(socket));
                          self->accept_next();
                        });
}

void Server::Core::accepted(LoopShard& shard, tcp::socket socket) {
  Arrival arrival;
  auto refused = count_address(socket, arrival);
  if (!refused) refused = admit(arrival);
  arrival.memory = MemoryReservation(state.memory, MemoryShare::kConnections);
  if (!refused && !arrival.memory.try_resize(kBytesAConnection)) refused = overloaded("connections");
  if (refused) return turn_away(std::move(socket), *refused);
  state.connections->joined();
  shard.reserve();
  if (&shard.loop() == &accept_loop) return shard.adopt(std::move(socket), std::move(arrival));
  // std::function wants copies; the socket has none.
  const auto carried =
      std::make_shared<std::pair<tcp::socket, Arrival>>(std::move(socket), std::move(arrival));
  shard.loop().post([self = shared_from_this(), &shard, carried] {
    shard.adopt(std::move(carried->first), std::move(carried->second));
  });
}

// Makes room where connections have grown too many, or says why there is none.
std::optional<Error> Server::Core::admit(Arrival& arrival) {
  const std::size_t limit = application->limits()->max_connections;
  // More than one may have to go: those that came for probes alone and stayed take no place from others.
  for (;;) {
    ConnectionLoad load{.taken = state.connections->taken(), .limit = limit};
    if (load.taken >= limit) {
      load.waiting = longest_waiting(WaitsFor::kRequest) != nullptr;
      load.unfinished = longest_waiting(WaitsFor::kHeader) != nullptr;
    }
    switch (admit_connection(load)) {
      case ConnectionAdmission::kAdmit:
        return std::nullopt;
      case ConnectionAdmission::kShedWaiting:
        shed_longest(WaitsFor::kRequest);
        break;
      case ConnectionAdmission::kShedUnfinished:
        shed_longest(WaitsFor::kHeader);
        break;
      case ConnectionAdmission::kProbesOnly:
        arrival.probes_only = true;
        return std::nullopt;
      case ConnectionAdmission::kTurnAway:
        return too_many_connections(limit);
    }
  }
}

std::optional<Error> Server::Core::count_address(const tcp::socket& socket, Arrival& arrival) {
  const auto limits = application->limits();
  const std::size_t limit = limits->max_connections_per_address;
  if (limit == 0) return std::nullopt;
  error_code failure;
  const auto peer = socket.remote_endpoint(failure);
  if (failure) return std::nullopt;  // gone already: its connection will find that out
  arrival.peer = peer.address();
  // A proxy's connection counts for whoever speaks over it (Connection::count_client).
  if (limits->proxies.contains(arrival.peer)) return std::nullopt;
  arrival.slot = state.addresses->take(counted_address(arrival.peer), limit);
  if (arrival.slot) return std::nullopt;
  return too_many_of_address(limit);
}

LoopShard* Server::Core::longest_waiting(WaitsFor what) {
  LoopShard* found = nullptr;
  SteadyTime since = SteadyTime::max();
  for (const auto& shard : shards) {
    const auto oldest = shard->waiting().oldest(what);
    if (!oldest || *oldest >= since) continue;
    since = *oldest;
    found = shard.get();
  }
  return found;
}

bool Server::Core::shed_longest(WaitsFor what) {
  LoopShard* const shard = longest_waiting(what);
  if (shard == nullptr) return false;
  // Its loop may have been faster, and one that is no longer waiting stays.
  auto client = shard->waiting().take_oldest(what);
  if (!client) return false;
  // It may leave before it hears of this. What it was counted as is decided by the one who took it out, so
  // that each is counted once, whichever comes first.
  state.connections->shed();
  state.metrics.connection_shed();
  shard->loop().post([self = shared_from_this(), client = std::move(client)] { client->shed(); });
  return true;
}

// One short answer that fits into any send buffer, so it needs no waiting.
void Server::Core::turn_away(tcp::socket socket, const Error& why) {
  Response response;
  application->refuse(response, why);
  response.set_retry_after(kComeAgainAfter);
  std::string bytes;
  const std::string date = format_http_date(system_clock().now());
  append_head(bytes, response, {.connection = ConnectionHeader::kClose, .date = date});
  bytes += response.body;
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(boost::asio::buffer(bytes), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

// Out of descriptors, most likely: trying again at once would spin.
void Server::Core::pause_accepting(const error_code& failure) {
  log::warn("http.accept_failed", {{"reason", failure.message()}});
  // The limit of descriptors is one of connections, too.
  const bool full = failure == boost::asio::error::no_descriptors ||
                    failure == boost::system::errc::too_many_files_open_in_system;
  if (full && !shed_longest(WaitsFor::kRequest)) shed_longest(WaitsFor::kHeader);
  accept_pause = accept_loop.after(kAcceptPause, [this] { accept_next(); });
}

// Waits until the loops have run all that this server gave them, so that none of it is left when they are
// destroyed. Two rounds, because closing the acceptor posts to the loops once more.
void Server::Core::settle() {
  const auto deadline = std::chrono::steady_clock::now() + kAbortWait;
  for (int round = 0; round < 2; ++round) {
    std::vector<std::future<void>> waits;
    waits.push_back(passed(accept_loop));
    for (const auto& shard : shards) waits.push_back(passed(shard->loop()));
    for (const auto& wait : waits) wait.wait_until(deadline);
  }
}

Server::Server(std::shared_ptr<Core> core)
    : core_(std::move(core)), port_(core_->acceptor.local_endpoint().port()) {
  core_->accept_loop.post([shared = core_] { shared->accept_next(); });
}

Server::~Server() {
  close(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<Server>> Server::listen(const tcp::endpoint& endpoint, EventLoopThreads& loops,
                                               std::shared_ptr<Application> application, ServerState& state) {
  auto core = std::make_shared<Core>(loops, std::move(application), state);
  if (const error_code failure = open_acceptor(core->acceptor, endpoint)) {
    return cannot_listen(endpoint, failure);
  }
  return std::unique_ptr<Server>(new Server(std::move(core)));
}

void Server::stop_accepting() {
  if (core_->state.draining.exchange(true)) return;
  core_->accept_loop.post([shared = core_] {
    shared->accept_pause.cancel();
    error_code ignored;
    shared->acceptor.close(ignored);
    // After the close, so that a connection accepted before it is told as well.
    shared->on_each_shard([](LoopShard& shard) { shard.stop_idle(); });
  });
}

void Server::close(std::chrono::milliseconds deadline) {
  if (std::exchange(closed_, true)) return;
  stop_accepting();
  core_->state.leaving = true;
  core_->on_each_shard([](LoopShard& shard) { shard.wake_all(); });
  if (!core_->state.connections->wait_for_none(deadline)) {
    core_->on_each_shard([](LoopShard& shard) { shard.abort_all(); });
    if (!core_->state.connections->wait_for_none(kAbortWait)) {
      log::error("http.close_incomplete", {{"connections", core_->state.connections->now()}});
    }
  }
  core_->settle();
}

}  // namespace shunt::http
