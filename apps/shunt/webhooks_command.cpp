#include <unistd.h>

#include <iostream>

#include "commands.hpp"
#include "exit_code.hpp"
#include "service_client.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/percent_encoding.hpp"
#include "text_table.hpp"

namespace shunt::app {
namespace {

constexpr const char* kPath = "/admin/webhooks";

int refuse(const Error& error, int exit_code = kExitFailed) {
  complain(error.message + " (" + error.code.to_string() + ')');
  return exit_code;
}

std::string json_line(const Json& json) {
  const std::string text = to_json_text(json);
  return (Terminal(STDOUT_FILENO).is_terminal() ? displayable_json(text) : text) + '\n';
}

Result<JsonObject> post(ServiceClient& client, const std::string& path, const std::optional<Json>& body) {
  const auto answer = client.call("POST", path, body);
  if (!answer) return answer.error();
  if (answer->status < 200 || answer->status > 299) return error_of(*answer);
  auto json = parse_json(answer->body);
  if (!json) return std::move(json).error();
  if (!json->is_object()) return Error{"unexpected_answer", "the service answered with no JSON object"};
  return std::move(json->get_object());
}

std::string age_of(const JsonObject& object, std::string_view member, WallTime now) {
  const auto at = parse_rfc3339(text_in(object, member));
  return at ? short_duration(std::chrono::duration<double>(now - *at).count()) : "-";
}

Style style_of(std::string_view state) {
  if (state == "delivered") return Style::kGreen;
  return state == "failed" ? Style::kRed : Style::kYellow;
}

std::string attempt_text(const JsonObject& attempt) {
  const int status = static_cast<int>(number_in(attempt, "status"));
  std::string text = displayable(text_in(attempt, "at")) + "  ";
  text += status != 0 ? std::to_string(status) : displayable(text_in(attempt, "error"));
  return text + "  " + short_duration(number_in(attempt, "took_ms") / 1e3);
}

void put(std::string_view name, const std::string& text) {
  if (text.empty()) return;
  std::string padded(name);
  padded.resize(12, ' ');
  std::cout << padded << text << '\n';
}

void print_delivery(const JsonObject& delivery) {
  for (const std::string_view name : {"id", "type", "generation", "url", "caller"})
    put(name, displayable(text_in(delivery, name)));
  const std::string state(text_in(delivery, "state"));
  put("state", Terminal(STDOUT_FILENO).styled(style_of(state), displayable(state)));
  for (const std::string_view name : {"created_at", "next_attempt_at", "reason"})
    put(name, displayable(text_in(delivery, name)));
  for (const Json& attempt : array_in(delivery, "log")) {
    if (attempt.is_object()) put("attempt", attempt_text(attempt.get_object()));
  }
}

}  // namespace

int webhooks_list(const WebhooksOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  std::string path = std::string(kPath) + "?limit=" + std::to_string(options.limit);
  if (options.state) path += "&state=" + percent_encoded(*options.state);
  const auto page = client->get(path);
  if (!page) return refuse(page.error());
  const WallTime now = system_clock().now();
  using Align = TextTable::Align;
  TextTable table(
      {{"ID"}, {"STATE"}, {"TYPE"}, {"AGE", Align::kRight}, {"ATTEMPTS", Align::kRight}, {"URL"}});
  for (const Json& each : array_in(*page, "deliveries")) {
    if (!each.is_object()) continue;
    const JsonObject& delivery = each.get_object();
    if (options.json) {
      std::cout << json_line(each);
      continue;
    }
    const std::string state(text_in(delivery, "state"));
    table.add({{displayable(text_in(delivery, "id"))},
               {displayable(state), style_of(state)},
               {displayable(text_in(delivery, "type"))},
               {age_of(delivery, "created_at", now)},
               {std::to_string(static_cast<long>(number_in(delivery, "attempts")))},
               {displayable(text_in(delivery, "url"))}});
  }
  if (!options.json && table.empty()) {
    std::cerr << "no deliveries" << (options.state ? " that fit" : "") << std::endl;
  } else if (!options.json) {
    std::cout << table.text(Terminal(STDOUT_FILENO));
  }
  std::cout << std::flush;
  return kExitOk;
}

int webhooks_show(const WebhooksOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  const auto delivery = client->get(std::string(kPath) + '/' + percent_encoded(options.id));
  if (!delivery) return refuse(delivery.error());
  if (options.json) {
    std::cout << json_line(*delivery);
  } else {
    print_delivery(*delivery);
  }
  std::cout << std::flush;
  return kExitOk;
}

int webhooks_redeliver(const WebhooksOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  const auto answer =
      post(*client, std::string(kPath) + '/' + percent_encoded(options.id) + "/redeliver", std::nullopt);
  if (!answer) return refuse(answer.error());
  std::cout << (options.json ? json_line(*answer) : displayable(text_in(*answer, "id")) + " is sent again\n")
            << std::flush;
  return kExitOk;
}

int webhooks_test(const WebhooksOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  JsonObject body{{"url", options.url}};
  if (!options.key.empty()) body.emplace("key", options.key);
  const auto attempt = post(*client, std::string(kPath) + "/test", Json(std::move(body)));
  if (!attempt) return refuse(attempt.error());
  const auto status = static_cast<int>(number_in(*attempt, "status"));
  std::cout << (options.json ? json_line(*attempt) : attempt_text(*attempt) + '\n') << std::flush;
  return status >= 200 && status < 300 ? kExitOk : kExitFailed;
}

}  // namespace shunt::app
