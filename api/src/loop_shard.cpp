#include "loop_shard.hpp"

#include <algorithm>
#include <exception>

#include "connection.hpp"
#include "response.hpp"
#include "shunt/base/log.hpp"

namespace shunt::api {
namespace {

// Deadlines are checked this often: a quarter of the shortest, so that none is late by more than that.
std::chrono::milliseconds tick_period(const HttpServerOptions& options) {
  auto shortest = std::min({options.header_timeout, options.body_timeout, options.idle_timeout,
                            options.write_timeout, options.sse_heartbeat, options.half_close_grace});
  if (options.wait_deadline.count() > 0) shortest = std::min(shortest, options.wait_deadline);
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

}  // namespace

LoopShard::LoopShard(EventLoop& loop, Service& service, std::function<void(bool)> on_left)
    : loop_(loop), service_(service), on_left_(std::move(on_left)), batch_(loop) {}

void LoopShard::adopt(boost::asio::ip::tcp::socket socket, Arrival arrival) {
  auto client = std::make_shared<ClientSocket>(std::move(socket), loop_, batch_, waiting_, service_.metrics,
                                               service_.memory, std::move(arrival.memory),
                                               service_.live.now()->options.write_timeout);
  clients_.push_back(*client);
  service_.metrics.connection_opened();
  if (!timer_.pending()) tick();
  serve(shared_from_this(), std::move(client), std::move(arrival));
}

Detached LoopShard::serve(std::shared_ptr<LoopShard> shard, std::shared_ptr<ClientSocket> client,
                          Arrival arrival) {
  try {
    Connection connection(*client, shard->service_, shard->date_, std::move(arrival));
    co_await connection.run();
  } catch (const std::exception& failure) {
    // A broken invariant: this connection ends, the others go on.
    log::error("http.connection_failed", {{"what", failure.what()}});
    shard->service_.metrics.connection_failed();
    client->abort();
  }
  shard->leave(*client);
}

void LoopShard::leave(ClientSocket& client) {
  waiting_.remove(client);
  client.SocketListHook::unlink();
  service_.metrics.connection_closed();
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
  timer_ = loop_.after(tick_period(service_.live.now()->options), [this] { tick(); });
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

}  // namespace shunt::api
