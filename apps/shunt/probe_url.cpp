#include "probe_url.hpp"

namespace shunt::app {
namespace {

Error any_port(const std::string& setting) {
  return {"invalid_configuration", "the configuration lets the service take any free port (" + setting +
                                       " ends in :0), so nobody knows where it listens: name it with --url"};
}

// Where a process that listens on this address can be reached from its own machine.
std::string local_url(const std::string& address, unsigned short port) {
  std::string host = address;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = '[' + host + ']';
  return "http://" + host + ':' + std::to_string(port);
}

}  // namespace

std::string named_url(std::string given) {
  if (given.find("://") == std::string::npos) given.insert(0, "http://");
  while (given.ends_with('/')) given.pop_back();
  return given;
}

Result<std::string> probe_url(const config::Configuration& configuration, Probed probed) {
  if (probed == Probed::kApi) {
    if (configuration.server.port == 0) return any_port("server.listen");
    return local_url(configuration.server.address, configuration.server.port);
  }
  const config::WorkerSettings& worker = configuration.worker;
  if (worker.listen_address.empty()) {
    return Error{"invalid_configuration",
                 "a worker answers probes only where worker.listen says, and that is empty: set it, as in "
                 "SHUNT_WORKER_LISTEN=127.0.0.1:9090, or name another process with --url"};
  }
  if (worker.listen_port == 0) return any_port("worker.listen");
  return local_url(worker.listen_address, worker.listen_port);
}

}  // namespace shunt::app
