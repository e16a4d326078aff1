#include "backend/client_list.hpp"

#include "core/identity.hpp"

namespace bullmq::detail {

std::vector<ClientInfo> clients_in(std::string_view client_list, const std::string& prefix,
                                   const std::string& queue, ClientRole role) {
  const bool workers = role == ClientRole::worker;
  const std::string unnamed = client_name(prefix, queue, workers ? "" : ":qe");
  const std::string named = client_name(prefix, queue, ":w:");
  std::vector<ClientInfo> clients;
  while (!client_list.empty()) {
    const auto end = client_list.find('\n');
    std::string_view line = client_list.substr(0, end);
    client_list = end == std::string_view::npos ? std::string_view{} : client_list.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ClientInfo client;
    while (!line.empty()) {
      const auto space = line.find(' ');
      const std::string_view field = line.substr(0, space);
      line = space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
      const auto equals = field.find('=');
      if (equals != std::string_view::npos)
        client[std::string(field.substr(0, equals))] = field.substr(equals + 1);
    }
    const std::string name = client["name"];
    if (name != unnamed && !(workers && name.starts_with(named))) continue;
    client["rawname"] = name;
    client["name"] = queue;
    clients.push_back(std::move(client));
  }
  return clients;
}

}  // namespace bullmq::detail
