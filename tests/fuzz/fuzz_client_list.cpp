// CLIENT LIST, in which the names are other clients'. Checks that a client is found by its name alone.
#include "backend/client_list.hpp"
#include "core/identity.hpp"
#include "support/fuzzing.hpp"

using namespace bullmq::detail;
using shunt::fuzz::check;

// '~' stands for the name that workers of the queue have.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string name = client_name("bull", "paint");
  std::string list;
  for (const char character : shunt::fuzz::text_of(data, size))
    list += character == '~' ? name : std::string(1, character);
  for (const ClientRole role : {ClientRole::worker, ClientRole::event_reader}) {
    for (const auto& client : clients_in(list, "bull", "paint", role)) {
      check(client.at("name") == "paint", "a client of the queue");
      check(client.at("rawname").starts_with(name), "by its name");
    }
  }
  return 0;
}
