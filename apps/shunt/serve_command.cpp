#include <sys/resource.h>

#include <future>
#include <iostream>

#include "commands.hpp"
#include "controlling_terminal.hpp"
#include "exit_code.hpp"
#include "memory_metrics.hpp"
#include "service.hpp"
#include "settings.hpp"
#include "shunt/base/log.hpp"
#include "shutdown_signals.hpp"
#include "standard_output.hpp"
#include "terminal.hpp"

namespace shunt::app {
namespace {

// Each connection is a descriptor, and the usual soft limit of 1024 is there for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("service.descriptor_limit_kept");
}

int exit_code_of(const Error& error) {
  // The machine's state, not the configuration, stands in the way.
  return error.code == "address_in_use" || error.code == "cannot_listen" ? kExitFailed : kExitConfiguration;
}

// A SIGHUP asks to stop when the terminal has gone, and else to read the configuration again.
bool stops_on_hang_up(const ControllingTerminal& terminal, Service& service) {
  if (terminal.has_gone()) return true;
  service.reload_soon();
  return false;
}

}  // namespace

int serve(const ServeOptions& options) {
  ShutdownSignals signals;
  const ControllingTerminal terminal;
  const auto loaded = load_settings(options.settings);
  if (!loaded) {
    complain(log_text(loaded.error()));
    return kExitConfiguration;
  }
  log::configure(loaded->configuration.log_level, loaded->configuration.log_format);
  raise_descriptor_limit();
  give_memory_back_to_the_system();
  auto service = Service::start(*loaded, [&options] { return load_settings(options.settings); });
  if (!service) {
    complain(log_text(service.error()));
    return exit_code_of(service.error());
  }
  (*service)->log_start();
  // Scripts wait for this line and read the port from it; it is the only one on standard output.
  const std::string& url = (*service)->url();
  const std::string& probes = (*service)->probes_url();
  if (url.empty()) {
    std::cout << "working" << (probes.empty() ? "" : ", probes on " + probes) << std::endl;
  } else {
    std::cout << "listening on " << url << std::endl;
  }

  StandardOutput::forgive();

  std::promise<int> asked;
  signals.on_hang_up([&] { return stops_on_hang_up(terminal, **service); });
  signals.on_first([&asked](int signal) { asked.set_value(signal); });
  const int signal = asked.get_future().get();
  log::info("service.stopping", {{"signal", signal}});
  (*service)->shut_down();
  service->reset();
  log::info("service.stopped");
  return kExitOk;
}

}  // namespace shunt::app
