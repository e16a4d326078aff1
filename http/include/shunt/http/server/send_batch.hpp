#pragma once

#include <memory>
#include <vector>

#include "shunt/base/event_loop.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

class ClientSocket;

// The responses of one turn of a loop, sent together at its end. With many requests ready at once, their
// clients then find many responses at once, instead of being woken for each: on one machine the wake-ups
// would cost more than everything else of a small request. A turn with one request sends it as soon as it is
// ready.
class SendBatch {
 public:
  explicit SendBatch(EventLoop& loop) : loop_(loop) {}

  // Sends what `client` has unsent when the functions that the loop has ready by now have run.
  void add(std::shared_ptr<ClientSocket> client);

 private:
  void send_all();

  EventLoop& loop_;
  std::vector<std::shared_ptr<ClientSocket>> clients_;
};

}  // namespace shunt::http
