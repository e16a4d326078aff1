#include "batches/line_call.hpp"

#include <chrono>
#include <utility>

#include "admission/usable_model.hpp"
#include "dialects/openai/call_members.hpp"
#include "dialects/openai/openai_dialect.hpp"
#include "representation/problem.hpp"

namespace shunt::api::batches {
namespace {

constexpr std::string_view kPrefix = "/v1";

const dialects::endpoint::Run* run_of(std::string_view endpoint) {
  static const dialects::Dialect dialect = dialects::openai::dialect();
  for (const dialects::Row& row : dialect.rows) {
    if (row.method != "POST" || endpoint.substr(kPrefix.size()) != row.path) continue;
    return std::get_if<dialects::endpoint::Run>(&row.endpoint);
  }
  return nullptr;
}

Error no_key() {
  return {problem_code::kUnauthorized, "the API key that the batch was made with is not there any more"};
}

Result<void> check_scope(const Key& key) {
  if (key.has(Scope::kGenerate)) return {};
  return Error{problem_code::kScopeMissing, "the batch's API key has no longer the scope \"generate\""};
}

// What a line cannot ask for.
Result<void> check_call(const dialects::Call& call) {
  if (call.streams) return dialects::openai::not_done("stream", "a line of a batch has no connection");
  if (call.goes_on_alone)
    return dialects::openai::not_done("background", "a line of a batch runs in the background as it is");
  return {};
}

}  // namespace

std::optional<GenerationId> earlier_of(std::string_view endpoint, const JsonObject& body) {
  const auto* const run = run_of(endpoint);
  return run == nullptr || run->needs == nullptr ? std::nullopt : run->needs(body);
}

Result<dialects::Call> make_line_call(const LineCaller& caller, std::string_view endpoint, JsonObject body,
                                      const dialects::Stored* earlier) {
  const auto* const run = run_of(endpoint);
  if (run == nullptr) return Error{problem_code::kRouteUnknown, "there is no such call here"};
  const KeyRing& keys = caller.settings.keys;
  const auto key = keys.required() ? keys.find_caller(caller.caller) : nullptr;
  if (keys.required()) {
    if (!key) return no_key();
    if (auto allowed = check_scope(*key); !allowed) return std::move(allowed).error();
  }
  http::Request request;
  request.method = "POST";
  request.target = endpoint;
  http::RequestTarget target;
  if (auto parsed = target.parse(request.target); !parsed) return std::move(parsed).error();
  const dialects::CallContext context{
      .request = request,
      .target = target,
      .path = {},
      .base_url = caller.settings.options.public_url,
      .find_model = [&](std::string_view name) { return usable_model(caller.models, key.get(), name); },
      .now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()),
      .models = [&] { return usable_models(caller.models, key.get()); },
      .caller = std::string(caller.caller),
      .urls = &caller.urls,
      .webhook_secret = {},
      .files = {},
      .earlier = earlier};
  auto call = run->make_call(context, std::move(body));
  if (!call) return call;
  if (auto usable = check_call(*call); !usable) return std::move(usable).error();
  call->request.caller = caller.caller;
  if (key) call->request.max_open = key->max_open();
  return call;
}

}  // namespace shunt::api::batches
