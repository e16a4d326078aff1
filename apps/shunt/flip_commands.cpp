// `shunt flip`: asks an API process of the fleet and prints what it told.
#include <unistd.h>

#include <iostream>
#include <string>

#include "commands.hpp"
#include "exit_code.hpp"
#include "flip_text.hpp"
#include "flip_watch.hpp"
#include "service_client.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/percent_encoding.hpp"
#include "shunt/config/plan_file.hpp"
#include "shunt/flip/audit.hpp"

namespace shunt::app {
namespace {

// An error and what the process ends with.
struct Refusal {
  Error error;
  int exit_code = kExitFailed;
};

int refuse(const Error& error, int exit_code = kExitFailed) {
  complain(error.message + " (" + error.code.to_string() + ')');
  return exit_code;
}

void print_json(const JsonObject& object) {
  std::cout << displayable_json(to_json_text(object)) << std::endl;
}

// Adds the plan of a file to a body, if one was named.
Result<void> put_plan(const FlipOptions& options, JsonObject& body) {
  if (!options.plan) return {};
  auto plan = config::load_plan(*options.plan);
  if (!plan) return std::move(plan).error();
  body["plan"] = flip::plan_object(*plan);
  return {};
}

Result<JsonObject> post(ServiceClient& client, const std::string& path, const JsonObject& body) {
  const auto answer = client.call("POST", path, Json(body));
  if (!answer) return answer.error();
  if (answer->status < 200 || answer->status > 299) return error_of(*answer);
  auto json = parse_json(answer->body);
  if (json && json->is_object()) return std::move(json->get_object());
  return Error{"unreachable", "what answers at " + client.url() + " is no Shunt service: POST " + path +
                                  " gave something else than a JSON object"};
}

// The commands that a service names lead to the same service as this one. What follows a comma is for people:
// "shunt flip start, once it is off".
std::string with_url(std::string_view command, const FlipOptions& options) {
  if (!options.client.url || !command.starts_with("shunt flip")) return std::string(command);
  const std::size_t comma = command.find(',');
  std::string text(command.substr(0, comma));
  text += " --url " + *options.client.url;
  return comma == std::string_view::npos ? text : text.append(command.substr(comma));
}

// Gets a document and prints it, as JSON or by `print`; the exit code is what `judge` says of it.
template <typename Print, typename Judge>
int show(const FlipOptions& options, const std::string& path, Print print, Judge judge) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  const auto answer = client->get(path);
  if (!answer) return refuse(answer.error());
  if (options.json) {
    print_json(*answer);
  } else {
    std::cout << print(*answer, Terminal(STDOUT_FILENO), client->url()) << std::flush;
  }
  return judge(*answer);
}

int always_ok(const JsonObject& /*answer*/) {
  return kExitOk;
}

std::string drain_path(const FlipOptions& options) {
  std::string accepted;
  for (const std::string& what : options.accept) accepted.append(accepted.empty() ? "" : ",").append(what);
  return "/admin/flip/drain" + (accepted.empty() ? "" : "?accept=" + percent_encoded(accepted));
}

int verify(const FlipOptions& options) {
  if (!options.file) {
    return show(
        options, "/admin/flip/log/verify",
        [](const JsonObject& report, const Terminal& terminal, const std::string&) {
          return chain_text(report, terminal);
        },
        [](const JsonObject& report) { return is_true_in(report, "intact") ? kExitOk : kExitFailed; });
  }
  const auto report = flip::verify_audit_file(*options.file);
  if (!report) return refuse(report.error());
  JsonObject object{{"intact", report->intact()},
                    {"entries", report->entries},
                    {"first", report->first},
                    {"last", report->last},
                    {"hash", report->hash}};
  if (report->problem) object["problem"] = *report->problem;
  if (options.json) {
    print_json(object);
  } else {
    std::cout << chain_text(object, Terminal(STDOUT_FILENO)) << std::flush;
  }
  return report->intact() ? kExitOk : kExitFailed;
}

}  // namespace

int flip_status(const FlipOptions& options) {
  const auto print = [&options](JsonObject status, const Terminal& terminal, const std::string& url) {
    status["undo"] = with_url(text_in(status, "undo"), options);
    return flip_status_text(status, url, terminal, system_clock().now());
  };
  return show(options, "/admin/flip", print, always_ok);
}

int flip_preflight(const FlipOptions& options) {
  JsonObject body;
  if (const auto put = put_plan(options, body); !put) return refuse(put.error(), kExitConfiguration);
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  const auto answer = post(*client, "/admin/flip/preflight", body);
  if (!answer) return refuse(answer.error());
  if (options.json) {
    print_json(*answer);
  } else {
    std::cout << preflight_text(*answer, Terminal(STDOUT_FILENO)) << std::flush;
  }
  return text_in(*answer, "outcome") == "fail" ? kExitFailed : kExitOk;
}

int flip_move(const FlipOptions& options) {
  JsonObject body;
  if (const auto put = put_plan(options, body); !put) return refuse(put.error(), kExitConfiguration);
  if (!options.why.empty()) body["why"] = options.why;
  if (!options.executor.empty()) body["executor"] = options.executor;
  if (!options.overrides.empty())
    body["overrides"] = JsonArray(options.overrides.begin(), options.overrides.end());
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  const auto answer = post(*client, "/admin/flip/" + options.move, body);
  if (!answer) {
    const int code = refuse(answer.error());
    if (answer.error().code == "flip_preflight_failed")
      std::cerr << "Row by row: " << displayable(with_url("shunt flip preflight", options)) << std::endl;
    return code;
  }
  const bool everywhere = is_true_in(*answer, "stored") && array_in(*answer, "not_reached").empty();
  if (options.json) {
    print_json(*answer);
  } else {
    const std::string undo = with_url(text_in(*answer, "undo"), options);
    std::cout << flip_change_text(*answer, undo, Terminal(STDOUT_FILENO)) << std::flush;
  }
  return everywhere ? kExitOk : kExitPartly;
}

int flip_drain(const FlipOptions& options) {
  if (options.watch) return watch_drain(options);
  const auto print = [](const JsonObject& drain, const Terminal& terminal, const std::string&) {
    return drain_text(drain, terminal);
  };
  return show(options, drain_path(options), print, always_ok);
}

int flip_may_disconnect(const FlipOptions& options) {
  const auto print = [](const JsonObject& drain, const Terminal& terminal, const std::string&) {
    return may_disconnect_text(drain, terminal);
  };
  return show(options, drain_path(options), print, [](const JsonObject& drain) {
    return is_true_in(drain, "may_disconnect") ? kExitOk : kExitFailed;
  });
}

int flip_shadow_report(const FlipOptions& options) {
  const auto print = [](const JsonObject& report, const Terminal& terminal, const std::string&) {
    return shadow_text(report, terminal);
  };
  return show(options, "/admin/flip/shadow", print, always_ok);
}

int flip_log(const FlipOptions& options) {
  if (options.verify) return verify(options);
  if (options.follow) return follow_flip_log(options);
  const std::string path =
      "/admin/flip/log?from=" + std::to_string(options.from) + "&count=" + std::to_string(options.count);
  const auto print = [](const JsonObject& page, const Terminal& terminal, const std::string&) {
    TextTable table = flip_log_table();
    for (const Json& entry : array_in(page, "entries")) {
      if (entry.is_object()) table.add(flip_log_row(entry.get_object()));
    }
    return table.empty() ? std::string("Nobody has moved the fleet yet.\n") : table.text(terminal);
  };
  return show(options, path, print, always_ok);
}

}  // namespace shunt::app
