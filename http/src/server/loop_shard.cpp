#include "server/loop_shard.hpp"

#include <algorithm>
#include <exception>

#include "server/connection.hpp"
#include "shunt/base/log.hpp"
#include "shunt/http/http_date.hpp"

namespace shunt::http {
namespace {

// Deadlines are checked this often: a quarter of the shortest, so that none is late by more than that.
std::chrono::milliseconds tick_period(const ServerLimits& limits) {
  const auto shortest = std::min({limits.header_timeout, limits.body_timeout, limits.idle_timeout,
                                  limits.write_timeout, limits.shortest_wait});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

}  // namespace

LoopShard::LoopShard(EventLoop& loop, Application& application, ServerState& state,
                     std::function<void(bool)> on_left)
    : loop_(loop), application_(application), state_(state), on_left_(std::move(on_left)), batch_(loop) {}

void LoopShard::adopt(boost::asio::ip::tcp::socket socket, Arrival arrival) {
  auto client = std::make_shared<ClientSocket>(std::move(socket), loop_, batch_, waiting_, state_.metrics,
                                               state_.memory, std::move(arrival.memory),
                                               application_.limits()->write_timeout);
  clients_.push_back(*client);
  state_.metrics.connection_opened();
  if (!timer_.pending()) tick();
  serve(shared_from_this(), std::move(client), std::move(arrival));
}

Detached LoopShard::serve(std::shared_ptr<LoopShard> shard, std::shared_ptr<ClientSocket> client,
                          Arrival arrival) {
  try {
    Connection connection(*client, shard->state_, shard->application_.make_handler(), shard->date_,
                          std::move(arrival));
    co_await connection.run();
  } catch (const std::exception& failure) {
    // A broken invariant: this connection ends, the others go on.
    log::error("http.connection_failed", {{"what", failure.what()}});
    shard->state_.metrics.connection_failed();
    shard->service_.metrics.connection_failed();
    client->abort();
  }
  shard->leave(*client);
}

void LoopShard::leave(ClientSocket& client) {
  waiting_.remove(client);
  client.SocketListHook::unlink();
  state_.metrics.connection_closed();
  if (clients_.empty()) timer_.cancel();  // an idle server sleeps
  unreserve();
  on_left_(client.WaitingPlace::taken);
}

void LoopShard::tick() {
  const auto self = shared_from_this();  // the last connection's end may release the shard
  date_ = format_http_date(system_clock().now());
  const SteadyTime now = std::chrono::steady_clock::now();
  for_each([now](ClientSocket& client) { client.check_deadline(now); });
  if (clients_.empty()) return;
  timer_ = loop_.after(tick_period(*application_.limits()), [this] { tick(); });
}

void LoopShard::stop_idle() {
  for_each([](ClientSocket& client) { client.stop_if_idle(); });
}

void LoopShard::wake_all() {
  for_each([](ClientSocket& client) { client.wake().wake(); });
}

void LoopShard::abort_all() {
  for_each([](ClientSocket& client) { client.abort_and_wake(); });
}

// A visit may end the visited connection, and only that one.
template <typename Visit>
void LoopShard::for_each(Visit visit) {
  for (auto next = clients_.begin(); next != clients_.end();) {
    ClientSocket& client = *next;
    ++next;
    visit(client);
  }
}

}  // namespace shunt::http
