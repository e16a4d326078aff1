#include "routes/executor_choice.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/http/server/client_address.hpp"

namespace shunt::api {
namespace {

constexpr std::string_view kHeader = "Shunt-Executor";

std::optional<Error> refusal(const Exchange& exchange) {
  if (exchange.key == nullptr) {
    if (http::is_from_this_machine(exchange.client.peer(), exchange.request.headers)) return std::nullopt;
    return Error{problem_code::kLoopbackOnly,
                 "without API keys only requests from this machine, with no proxy in between, may choose "
                 "their executor"};
  }
  if (exchange.key->has(Scope::kAdmin)) return std::nullopt;
  const std::string scope(scope_name(Scope::kAdmin));
  return Error{problem_code::kScopeMissing, "the key \"" + exchange.key->config().name +
                                                "\" does not have the scope \"" + scope +
                                                "\", which choosing the executor needs (server.keys: scopes)"}
      .with("scope", scope);
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
  if (auto refused = refusal(exchange)) return std::move(*refused).with("header", std::string(kHeader));
  request.wanted_executor = wanted;
  return {};
}

}  // namespace shunt::api
