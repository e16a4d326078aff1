#include "routes/flip_exchange.hpp"

namespace shunt::api {

bool begin_flip_exchange(Exchange& exchange) {
  const HttpServerOptions& options = exchange.service.options;
  if (options.flip != nullptr && options.inspection != nullptr) return accepts(exchange, kJsonType);
  set_problem(
      exchange.response,
      Error{problem_code::kFlipDisabled,
            "this service runs everything in sync and knows no flip, since its queue is disabled: set "
            "QUEUE_ENABLED=true and REDIS_URL (docs/flip.md)"}
          .with("setting", std::string("queue.enabled")));
  return false;
}

void answer_flip(Exchange& exchange, const JsonObject& object) {
  exchange.response.set_json(200);
  exchange.response.add_header("Cache-Control", "no-store");
  append_json(exchange.response.body, object);
}

}  // namespace shunt::api
