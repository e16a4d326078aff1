// `shunt health`: the probe of compose, systemd and whoever else runs a program to learn whether a process
// serves.
#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

#include "commands.hpp"
#include "exit_code.hpp"
#include "health_verdict.hpp"
#include "probe_url.hpp"
#include "settings.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/http/blocking_client.hpp"
#include "terminal.hpp"

namespace shunt::app {
namespace {

// Between two looks of --wait: a process that starts is there within tens of milliseconds.
constexpr std::chrono::milliseconds kBetweenLooks{50};
constexpr std::size_t kMaxAnswerBytes = 64UL * 1024;

Result<std::string> base_url(const HealthOptions& options) {
  if (options.url) return named_url(*options.url);
  const auto loaded = load_settings(options.settings);
  if (!loaded) return loaded.error();
  const config::Roles& roles = loaded->configuration.roles;
  const bool worker = options.worker || (roles.worker && !roles.api);
  return probe_url(loaded->configuration, worker ? Probed::kWorker : Probed::kApi);
}

HealthVerdict look(const std::string& url, bool local, std::chrono::milliseconds timeout) {
  http::ClientRequest request;
  request.url = url;
  // A proxy of the environment does not know what 127.0.0.1 is here.
  if (!local) request.proxy.reset();
  request.connect_timeout = timeout;
  request.total_timeout = timeout;
  request.max_response_bytes = kMaxAnswerBytes;
  // A kept connection would say nothing of whether new ones are accepted.
  request.connection = http::ConnectionUse::kOwn;
  http::BlockingClient client;
  return judge_health(url, client.perform(std::move(request)));
}

}  // namespace

int health(const HealthOptions& options) {
  const auto base = base_url(options);
  if (!base) {
    complain(base.error().message);
    return kExitConfiguration;
  }
  const std::string url = *base + (options.ready ? "/readyz" : "/healthz");
  const SteadyTime give_up = std::chrono::steady_clock::now() + options.wait;
  HealthVerdict verdict = look(url, !options.url, options.timeout);
  while (!verdict.healthy && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(kBetweenLooks);
    verdict = look(url, !options.url, options.timeout);
  }
  if (!verdict.healthy) {
    complain(verdict.words);
    return kExitFailed;
  }
  std::cout << verdict.words << '\n';
  return kExitOk;
}

}  // namespace shunt::app
