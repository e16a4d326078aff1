// `shunt reload` and `shunt config diff`: ask a service to read its configuration again, and what that would
// do.
#include <unistd.h>

#include <iostream>
#include <optional>
#include <string>

#include "commands.hpp"
#include "exit_code.hpp"
#include "service_client.hpp"
#include "settings.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/json_members.hpp"
#include "terminal.hpp"

namespace shunt::app {
namespace {

int refuse(const Error& error) {
  complain(error.message + " (" + error.code.to_string() + ')');
  return error.code == "invalid_configuration" ? kExitConfiguration : kExitFailed;
}

Result<JsonObject> ask(ServiceClient& client, const std::string& method) {
  const auto answer = client.call(method, "/admin/reload");
  if (!answer) return answer.error();
  if (answer->status < 200 || answer->status > 299) return error_of(*answer);
  auto json = parse_json(answer->body);
  if (json && json->is_object()) return std::move(json->get_object());
  return Error{"unreachable", "what answers at " + client.url() + " is no Shunt service: " + method +
                                  " /admin/reload gave something else than a JSON object"};
}

// The report of two files, as a service gives it.
Result<JsonObject> compare_files(const ConfigDiffOptions& options) {
  SettingOptions before = options.client.settings;
  before.file = options.from;
  const auto running = load_settings(before);
  if (!running) return running.error();
  const auto fresh = load_settings(options.client.settings);
  if (!fresh) return fresh.error();
  const config::Reload reload = config::reload(*running, *fresh);
  const auto text = [](const std::optional<std::string>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  JsonArray changes;
  for (const config::SettingChange& change : reload.changes) {
    changes.push_back(JsonObject{{"name", change.name},
                                 {"before", text(change.before)},
                                 {"after", text(change.after)},
                                 {"live", change.live}});
  }
  JsonObject models;
  for (const auto& [name, change] : reload.models) models[name] = config::model_change_name(change);
  return JsonObject{{"file", fresh->file},
                    {"digest", config::digest_of(reload.merged)},
                    {"changes", std::move(changes)},
                    {"models", std::move(models)},
                    {"restart_needed", !reload.kept.empty()}};
}

// "log.level: "info" -> "debug"", "+ models.chat".
std::string change_text(const JsonObject& change) {
  const std::string name = displayable(text_in(change, "name"));
  const Json* const before = change.if_contains("before");
  const Json* const after = change.if_contains("after");
  const bool came = before == nullptr || before->is_null();
  const bool went = after == nullptr || after->is_null();
  const std::string old_value = displayable(text_in(change, "before"));
  const std::string new_value = displayable(text_in(change, "after"));
  if (came) return "+ " + name + (new_value.empty() ? "" : ": " + new_value);
  if (went) return "- " + name + (old_value.empty() ? "" : ": " + old_value);
  if (old_value == new_value) return "~ " + name + ": another secret";
  return "~ " + name + ": " + old_value + " -> " + new_value;
}

void print_part(const JsonObject& report, bool live, const std::string& title, const Terminal& terminal) {
  std::string lines;
  for (const Json& each : array_in(report, "changes")) {
    if (each.is_object() && is_true_in(each.get_object(), "live") == live)
      lines += "  " + change_text(each.get_object()) + '\n';
  }
  if (!lines.empty()) std::cout << terminal.styled(Style::kBold, title) << '\n' << lines;
}

struct Words {
  const char* live;
  const char* nothing;
};

void print_report(const JsonObject& report, const Words& words) {
  const Terminal terminal(STDOUT_FILENO);
  if (array_in(report, "changes").empty()) {
    std::cout << words.nothing << '\n';
    return;
  }
  print_part(report, true, words.live, terminal);
  print_part(report, false, "Wait for a restart:", terminal);
}

int finish(const Result<JsonObject>& report, bool json, const Words& words) {
  if (!report) return refuse(report.error());
  if (json) {
    std::cout << displayable_json(to_json_text(*report)) << std::endl;
  } else {
    print_report(*report, words);
  }
  return is_true_in(*report, "restart_needed") ? kExitPartly : kExitOk;
}

}  // namespace

int reload_service(const ReloadOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error());
  return finish(ask(*client, "POST"), options.json, {"Changed:", "The configuration is as it was."});
}

int config_diff(const ConfigDiffOptions& options) {
  const Words words{"A reload would change:", "A reload would change nothing."};
  if (options.from) return finish(compare_files(options), options.json, words);
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error());
  return finish(ask(*client, "GET"), options.json, words);
}

}  // namespace shunt::app
