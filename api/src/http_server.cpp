#include "shunt/api/http_server.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "connection_admission.hpp"
#include "listen_address.hpp"
#include "loop_shard.hpp"
#include "openapi.hpp"
#include "probed_process.hpp"
#include "problem.hpp"
#include "response.hpp"
#include "service.hpp"
#include "shunt/base/log.hpp"
#include "too_many_connections.hpp"

namespace shunt::api {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};
// What a connection takes that has sent nothing, or waits: more can be open only if there is memory for them.
constexpr std::size_t kBytesAConnection = 4608;
// After the last connection was told to go: they end at once unless an executor breaks its promise.
constexpr std::chrono::seconds kAbortWait{5};

// The parts that connections and posted functions may still touch when the HttpServer has gone.
struct Core : std::enable_shared_from_this<Core> {
  Core(HttpServerOptions options, EventLoopThreads& loops, executor::GenerationExecutor& executor,
       const ModelRegistry& models, MetricsSource extra_metrics, Surface surface)
      : service{.options = options,
                .executor = executor,
                .models = models,
                .extra_metrics = std::move(extra_metrics),
                .surface = surface,
                .openapi = openapi_document(),
                .live = LiveSettingsSource(
                    std::make_shared<const LiveSettings>(options, std::chrono::steady_clock::now(), nullptr)),
                .metrics = HttpMetrics(surface),
                .memory = *options.memory},
        accept_loop(loops.at(0)),
        acceptor(accept_loop.context()) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      // The count is shared: the last connection's end may let go of everything else.
      shards.push_back(std::make_shared<LoopShard>(
          loops.at(i), service, [count = service.connections](bool was_taken) { count->left(was_taken); }));
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

  Service service;
  EventLoop& accept_loop;
  tcp::acceptor acceptor;  // accept_loop's thread, once listening
  Timer accept_pause;
  std::vector<std::shared_ptr<LoopShard>> shards;
};

void Core::accept_next() {
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

void Core::accepted(LoopShard& shard, tcp::socket socket) {
  Arrival arrival;
  auto refused = count_address(socket, arrival);
  if (!refused) refused = admit(arrival);
  arrival.memory = MemoryReservation(service.memory, MemoryShare::kConnections);
  if (!refused && !arrival.memory.try_resize(kBytesAConnection)) refused = overloaded("connections");
  if (refused) return turn_away(std::move(socket), *refused);
  service.connections->joined();
  shard.reserve();
  if (&shard.loop() == &accept_loop) return shard.adopt(std::move(socket), std::move(arrival));
  // std::function wants copies; the socket has none.
  const auto carried =
      std::make_shared<std::pair<tcp::socket, Arrival>>(std::move(socket), std::move(arrival));
  shard.loop().post([self = shared_from_this(), &shard, carried] {
    shard.adopt(std::move(carried->first), std::move(carried->second));
  });
}

// Where connections have grown too many: makes room, or says why there is none.
std::optional<Error> Core::admit(Arrival& arrival) {
  const std::size_t limit = service.live.now()->options.max_connections;
  // More than one may have to go: those that came for probes alone and stayed take no place from others.
  for (;;) {
    Crowd crowd{.taken = service.connections->taken(), .limit = limit};
    if (crowd.taken >= limit) {
      crowd.waiting = longest_waiting(WaitsFor::kRequest) != nullptr;
      crowd.unfinished = longest_waiting(WaitsFor::kHeader) != nullptr;
    }
    switch (admit_connection(crowd)) {
      case Admission::kAdmit:
        return std::nullopt;
      case Admission::kShedWaiting:
        shed_longest(WaitsFor::kRequest);
        break;
      case Admission::kShedUnfinished:
        shed_longest(WaitsFor::kHeader);
        break;
      case Admission::kProbesOnly:
        arrival.probes_only = true;
        return std::nullopt;
      case Admission::kTurnAway:
        return too_many_connections(limit);
    }
  }
}

std::optional<Error> Core::count_address(const tcp::socket& socket, Arrival& arrival) {
  const auto live = service.live.now();
  const std::size_t limit = live->options.max_connections_per_address;
  if (limit == 0) return std::nullopt;
  error_code failure;
  const auto peer = socket.remote_endpoint(failure);
  if (failure) return std::nullopt;  // gone already: its connection will find that out
  arrival.peer = peer.address();
  // A proxy's connection counts for whoever speaks over it (Connection::count_client).
  if (live->proxies.contains(arrival.peer)) return std::nullopt;
  arrival.slot = service.addresses->take(counted_address(arrival.peer), limit);
  if (arrival.slot) return std::nullopt;
  return too_many_of_address(limit);
}

LoopShard* Core::longest_waiting(WaitsFor what) {
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

bool Core::shed_longest(WaitsFor what) {
  LoopShard* const shard = longest_waiting(what);
  if (shard == nullptr) return false;
  // Its loop may have been faster, and one that is no longer waiting stays.
  auto client = shard->waiting().take_oldest(what);
  if (!client) return false;
  // It may leave before it hears of this. What it was counted as is decided by the one who took it out, so
  // that each is counted once, whichever comes first.
  service.connections->shed();
  service.metrics.connection_shed();
  shard->loop().post([self = shared_from_this(), client = std::move(client)] { client->shed(); });
  return true;
}

// One short answer that fits into any send buffer, so it needs no waiting.
void Core::turn_away(tcp::socket socket, const Error& why) {
  Response response;
  response.set_problem(why);
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
void Core::pause_accepting(const error_code& failure) {
  log::warn("http.accept_failed", {{"reason", failure.message()}});
  // The limit of descriptors is one of connections, too.
  const bool full = failure == boost::asio::error::no_descriptors ||
                    failure == boost::system::errc::too_many_files_open_in_system;
  if (full && !shed_longest(WaitsFor::kRequest)) shed_longest(WaitsFor::kHeader);
  accept_pause = accept_loop.after(kAcceptPause, [this] { accept_next(); });
}

std::future<void> passed(EventLoop& loop) {
  const auto promise = std::make_shared<std::promise<void>>();
  loop.post([promise] { promise->set_value(); });
  return promise->get_future();
}

// Waits until the loops have run all that this server gave them, so that none of it is left when they are
// destroyed. Two rounds, because closing the acceptor posts to the loops once more.
void Core::settle() {
  const auto deadline = std::chrono::steady_clock::now() + kAbortWait;
  for (int round = 0; round < 2; ++round) {
    std::vector<std::future<void>> waits;
    waits.push_back(passed(accept_loop));
    for (const auto& shard : shards) waits.push_back(passed(shard->loop()));
    for (const auto& wait : waits) wait.wait_until(deadline);
  }
}

Error cannot_listen(const HttpServerOptions& options, const error_code& failure) {
  const bool taken = failure == boost::asio::error::address_in_use;
  return Error{taken ? ErrorCode("address_in_use") : ErrorCode("cannot_listen"),
               "cannot listen on " + options.address + ':' + std::to_string(options.port) + ": " +
                   (taken ? "the port is taken by another program" : failure.message())};
}

error_code open_acceptor(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code failure;
  acceptor.open(endpoint.protocol(), failure);
  if (!failure) acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor.bind(endpoint, failure);
  if (!failure) acceptor.listen(tcp::acceptor::max_listen_connections, failure);
  return failure;
}

class Server final : public HttpServer {
 public:
  explicit Server(std::shared_ptr<Core> core)
      : core_(std::move(core)), port_(core_->acceptor.local_endpoint().port()) {
    core_->accept_loop.post([shared = core_] { shared->accept_next(); });
  }
  ~Server() override { close(std::chrono::milliseconds(0)); }

  [[nodiscard]] unsigned short port() const noexcept override { return port_; }

  void stop_accepting() override {
    if (core_->service.draining.exchange(true)) return;
    core_->accept_loop.post([shared = core_] {
      shared->accept_pause.cancel();
      error_code ignored;
      shared->acceptor.close(ignored);
      // After the close, so that a connection accepted before it is told as well.
      shared->on_each_shard([](LoopShard& shard) { shard.stop_idle(); });
    });
  }

  Result<void> reload(HttpServerOptions options) override {
    const auto before = core_->service.live.now();
    options.address = before->options.address;
    options.port = before->options.port;
    options.allow_unauthenticated = before->options.allow_unauthenticated;
    if (auto endpoint = listen_endpoint(options, core_->service.surface); !endpoint) return endpoint.error();
    core_->service.live.replace(std::make_shared<const LiveSettings>(
        std::move(options), std::chrono::steady_clock::now(), before.get()));
    return {};
  }

  void close(std::chrono::milliseconds deadline) override {
    if (std::exchange(closed_, true)) return;
    stop_accepting();
    core_->service.leaving = true;
    core_->on_each_shard([](LoopShard& shard) { shard.wake_all(); });
    if (!core_->service.connections->wait_for_none(deadline)) {
      core_->on_each_shard([](LoopShard& shard) { shard.abort_all(); });
      if (!core_->service.connections->wait_for_none(kAbortWait)) {
        log::error("http.close_incomplete", {{"connections", core_->service.connections->now()}});
      }
    }
    core_->settle();
  }

 private:
  bool closed_ = false;
  const std::shared_ptr<Core> core_;
  const unsigned short port_;
};

// A server for probes and what it stands on.
class ProbeServer final : public HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, EventLoopThreads& loops,
                                                   std::function<executor::ExecutorDescription()> describe,
                                                   MetricsSource metrics);
  [[nodiscard]] unsigned short port() const noexcept override { return server_->port(); }
  Result<void> reload(HttpServerOptions options) override { return server_->reload(std::move(options)); }
  void stop_accepting() override { server_->stop_accepting(); }
  void close(std::chrono::milliseconds deadline) override { server_->close(deadline); }

 private:
  explicit ProbeServer(std::function<executor::ExecutorDescription()> describe)
      : process_(std::move(describe)) {}

  ProbedProcess process_;
  const ModelRegistry no_models_{};
  std::unique_ptr<HttpServer> server_;
};

Result<std::unique_ptr<HttpServer>> serve(const HttpServerOptions& options, EventLoopThreads& loops,
                                          executor::GenerationExecutor& executor, const ModelRegistry& models,
                                          MetricsSource metrics, Surface surface) {
  const auto endpoint = listen_endpoint(options, surface);
  if (!endpoint) return endpoint.error();
  const auto core = std::make_shared<Core>(options, loops, executor, models, std::move(metrics), surface);
  if (const error_code failure = open_acceptor(core->acceptor, *endpoint))
    return cannot_listen(options, failure);
  return std::unique_ptr<HttpServer>(std::make_unique<Server>(core));
}

Result<std::unique_ptr<HttpServer>> ProbeServer::start(
    const HttpServerOptions& options, EventLoopThreads& loops,
    std::function<executor::ExecutorDescription()> describe, MetricsSource metrics) {
  std::unique_ptr<ProbeServer> probes(new ProbeServer(std::move(describe)));
  auto server =
      serve(options, loops, probes->process_, probes->no_models_, std::move(metrics), Surface::kProbes);
  if (!server) return std::move(server).error();
  probes->server_ = std::move(*server);
  return std::unique_ptr<HttpServer>(std::move(probes));
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen_for_probes(
    HttpServerOptions options, EventLoopThreads& loops,
    std::function<executor::ExecutorDescription()> describe, MetricsSource metrics) {
  return ProbeServer::start(options, loops, std::move(describe), std::move(metrics));
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpServerOptions options, EventLoopThreads& loops,
                                                       executor::GenerationExecutor& executor,
                                                       const ModelRegistry& models,
                                                       MetricsSource extra_metrics) {
  return serve(options, loops, executor, models, std::move(extra_metrics), Surface::kAll);
}

}  // namespace shunt::api
