// POST /admin/reload, and what it would do: for people, behind `shunt reload` and `shunt config diff`.
#include <utility>

#include "representation/representation.hpp"
#include "routes/exchange.hpp"
#include "routes/handlers.hpp"
#include "shunt/api/config_reloader.hpp"

namespace shunt::api {
namespace {

Json text_or_null(const std::optional<std::string>& text) {
  return text ? Json(boost::json::string_view(*text)) : Json(nullptr);
}

JsonObject report_object(const ReloadReport& report) {
  JsonArray changes;
  bool needs_restart = false;
  for (const ReloadReport::Change& change : report.changes) {
    needs_restart = needs_restart || !change.live;
    changes.push_back(JsonObject{{"name", change.name},
                                 {"before", text_or_null(change.before)},
                                 {"after", text_or_null(change.after)},
                                 {"live", change.live}});
  }
  JsonObject models;
  for (const auto& [name, change] : report.models) models.emplace(name, change);
  return {{"file", report.file},
          {"digest", report.digest},
          {"changes", std::move(changes)},
          {"models", std::move(models)},
          {"restart_needed", needs_restart}};
}

}  // namespace

http::Task<void> reload_config(Exchange& exchange) {
  ConfigReloader* const reloader = exchange.service.options.reloader;
  if (reloader == nullptr) {
    set_problem(exchange.response,
                Error{problem_code::kReloadDisabled, "this service cannot read its configuration again"});
    co_return;
  }
  if (!accepts(exchange, kJsonType)) co_return;
  const auto mode =
      exchange.route.route->id == RouteId::kReload ? ConfigReloader::Mode::kTake : ConfigReloader::Mode::kTry;
  auto reloading = answer_of<Result<ReloadReport>>(
      exchange.client, [&](auto done) { reloader->reload(mode, std::move(done)); });
  const auto report = co_await reloading;
  if (!report) {
    set_problem(exchange.response, report.error());
    co_return;
  }
  exchange.response.set_json(200);
  exchange.response.add_header("Cache-Control", "no-store");
  append_json(exchange.response.body, report_object(*report));
}

}  // namespace shunt::api
