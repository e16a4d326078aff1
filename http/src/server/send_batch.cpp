#include "shunt/http/server/send_batch.hpp"

#include <utility>

#include "shunt/http/server/client_socket.hpp"

namespace shunt::http {

void SendBatch::add(std::shared_ptr<ClientSocket> client) {
  if (clients_.empty()) loop_.post([this] { send_all(); });
  clients_.push_back(std::move(client));
}

void SendBatch::send_all() {
  const auto clients = std::exchange(clients_, {});
  for (const auto& client : clients) (void)client->send_now();
  for (const auto& client : clients) client->left_batch();
}

}  // namespace shunt::http
