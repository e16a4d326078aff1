// Any bytes in any pieces over a connection, down to the executor and back. Checks that what comes back is a
// sequence of well-formed responses, that none says internal_error, and that the connection ends.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "server/api_application.hpp"
#include "server/loop_shard.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/drivers/simulator.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;

ModelRegistry make_models() {
  ModelRegistry models;
  SimulatorOptions options;
  options.tokens = 3;
  options.max_tokens = 16;
  options.first_token = options.token_gap = std::chrono::microseconds(0);
  options.spread = 0;
  Model model;
  model.name = "m";
  model.driver = "simulator";
  model.generator = make_simulator(options);
  if (!models.add(std::move(model))) std::abort();
  return models;
}

api::HttpServerOptions small_limits() {
  api::HttpServerOptions options;
  options.max_header_bytes = 2048;
  options.max_body_bytes = 4096;
  options.allowed_hosts = {"x"};
  return options;
}

// One server without a listening socket, used for every input.
struct World {
  World() { log::configure(log::Level::kOff, log::Format::kText); }

  ModelRegistry models = make_models();
  std::unique_ptr<GenerationStore> store = make_memory_store(system_clock(), {.max_generations = 64});
  std::unique_ptr<executor::GenerationExecutor> executor = executor::make_sync_executor(models, *store);
  api::HttpServerOptions options = small_limits();
  api::ApiApplication application{options, *executor, models, {}, api::Surface::kAll};
  EventLoop loop;
  bool left = false;
  std::shared_ptr<http::LoopShard> shard = std::make_shared<http::LoopShard>(
      loop, application, application.service().state, [this](bool) { left = true; });

  // Lets the loop do what is ready.
  void turn() {
    for (int hop = 0; hop < 3; ++hop) {
      loop.post([this] { loop.stop(); });
      loop.run();
    }
  }
};

void read_available(int socket, std::string& into) {
  char bytes[65536];
  for (ssize_t count = 0; (count = ::recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;) {
    into.append(bytes, static_cast<std::size_t>(count));
  }
}

void check_answers(std::string_view answers) {
  if (answers.empty()) return;
  const bool plausible =
      answers.starts_with("HTTP/1.1 ") && answers.find("\r\n\r\n") != std::string_view::npos;
  if (plausible && answers.find("\"code\":\"internal_error\"") == std::string_view::npos) return;
  std::fwrite(answers.data(), 1, answers.size(), stderr);
  std::abort();
}

}  // namespace

// The first byte says how large the pieces are; the rest is what the client sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World& world = *new World;  // lives as long as the process
  if (size == 0) return 0;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) std::abort();
  world.left = false;
  boost::asio::ip::tcp::socket socket(world.loop.context());
  socket.assign(boost::asio::ip::tcp::v4(), ends[0]);
  world.loop.post([&] {
    world.shard->reserve();
    world.shard->adopt(std::move(socket));
  });
  const std::size_t piece = data[0] == 0 ? size : data[0] * std::size_t{4};
  std::string answers;
  for (std::size_t at = 1; at < size; at += piece) {
    const std::size_t length = std::min(piece, size - at);
    if (::send(ends[1], data + at, length, MSG_NOSIGNAL) < 0) break;  // it has had enough
    world.turn();
    read_available(ends[1], answers);
  }
  ::shutdown(ends[1], SHUT_WR);
  while (!world.left) {
    world.turn();
    read_available(ends[1], answers);
  }
  ::close(ends[1]);
  check_answers(answers);
  return 0;
}
