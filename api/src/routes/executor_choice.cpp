#include "routes/executor_choice.hpp"

#include <string>
#include <string_view>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/http/server/client_address.hpp"

namespace shunt::api {
namespace {

constexpr std::string_view kHeader = "Shunt-Executor";

bool may_choose(const Exchange& exchange) {
  if (exchange.key != nullptr) return exchange.key->config().may_choose_executor;
  return http::is_from_this_machine(exchange.client.peer(), exchange.request.headers);
}

Error forbidden(const Exchange& exchange) {
  const std::string why =
      exchange.key == nullptr
          ? "without API keys only requests from the machine itself may"
          : "the key \"" + exchange.key->config().name + "\" does not say may_choose_executor (server.keys)";
  return Error{problem_code::kExecutorChoiceForbidden, "this request may not choose its executor: " + why}
      .with("header", std::string(kHeader));
}

}  // namespace

Result<void> choose_executor(const Exchange& exchange, GenerationRequest& request) {
  const http::Headers& headers = exchange.request.headers;
  if (!headers.has(kHeader)) return {};
  const std::string_view wanted = headers.get(kHeader);
  if (wanted != "sync" && wanted != "queue") {
    return Error{problem_code::kInvalidHeader, "Shunt-Executor must be sync or queue"}
        .with("header", std::string(kHeader))
        .with("received", excerpt(wanted));
  }
  if (!may_choose(exchange)) return forbidden(exchange);
  request.wanted_executor = wanted;
  return {};
}

}  // namespace shunt::api
