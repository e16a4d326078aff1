#include "shunt/http/server/waiting_connections.hpp"

#include "shunt/http/server/client_socket.hpp"

namespace shunt::http {

void WaitingConnections::enter(WaitingPlace& client, WaitsFor what) {
  if (client.waits_for == what) return;
  const std::lock_guard lock(mutex_);
  if (client.is_linked()) list(client.waits_for).erase(List::s_iterator_to(client));
  client.waits_for = what;
  // Its next request came before the word that it has to go. Taken again it would be counted twice.
  if (client.taken) return;
  client.waits_since = std::chrono::steady_clock::now();
  list(what).push_back(client);
}

void WaitingConnections::remove(WaitingPlace& client) {
  if (client.waits_for == WaitsFor::kNothing) return;
  const std::lock_guard lock(mutex_);
  if (client.is_linked()) list(client.waits_for).erase(List::s_iterator_to(client));
  client.waits_for = WaitsFor::kNothing;
}

std::optional<SteadyTime> WaitingConnections::oldest(WaitsFor what) const {
  const std::lock_guard lock(mutex_);
  if (list(what).empty()) return std::nullopt;
  return list(what).front().waits_since;
}

std::shared_ptr<ClientSocket> WaitingConnections::take_oldest(WaitsFor what) {
  const std::lock_guard lock(mutex_);
  List& waiting = list(what);
  if (waiting.empty()) return nullptr;
  auto& client = static_cast<ClientSocket&>(waiting.front());
  waiting.pop_front();
  client.taken = true;
  // It is removed before it goes, so it is there.
  return client.shared_from_this();
}

}  // namespace shunt::http
