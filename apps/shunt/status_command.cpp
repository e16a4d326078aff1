#include <unistd.h>

#include <cmath>
#include <iostream>

#include "commands.hpp"
#include "exit_code.hpp"
#include "service_client.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"
#include "text_table.hpp"

namespace shunt::app {
namespace {

std::string count_in(const JsonObject& object, std::string_view name) {
  return std::to_string(std::llround(number_in(object, name)));
}

// "" when there is no such time.
std::string age_of(const JsonObject& object, std::string_view name) {
  const auto at = parse_rfc3339(text_in(object, name));
  if (!at) return {};
  return short_duration(std::chrono::duration<double>(system_clock().now() - *at).count());
}

std::string joined(const JsonArray& words, std::string_view glue) {
  std::string text;
  for (const Json& word : words) {
    if (!word.is_string()) continue;
    text.append(text.empty() ? "" : glue).append(word.get_string());
  }
  return text;
}

Style style_of(std::string_view status) {
  if (status == "ready") return Style::kGreen;
  return status == "degraded" ? Style::kRed : Style::kYellow;
}

void print_line(std::string_view name, const std::string& text) {
  std::string padded(name);
  padded.resize(10, ' ');
  std::cout << "  " << padded << displayable(text) << '\n';
}

void print_redis(const JsonObject& redis, const Terminal& terminal) {
  const bool connected = is_true_in(redis, "connected");
  const std::string version(text_in(redis, "version"));
  const std::string since = age_of(redis, "since");
  std::string line = displayable(text_in(redis, "url")) + "  ";
  line += terminal.styled(connected ? Style::kGreen : Style::kRed, connected ? "connected" : "not connected");
  if (!since.empty()) line += " for " + since;
  if (!version.empty()) line += ", version " + displayable(version);
  std::cout << "  redis     " << line << '\n';
  const std::string error(text_in(redis, "last_error"));
  if (!error.empty()) print_line("", "last error " + age_of(redis, "last_error_at") + " ago: " + error);
}

std::string tenths(double seconds) {
  std::string text = std::to_string(std::round(seconds * 10) / 10);
  return text.substr(0, text.find('.') + 2);
}

void print_warnings(const JsonArray& warnings, const Terminal& terminal) {
  for (const Json& entry : warnings) {
    if (!entry.is_object()) continue;
    const std::string text = displayable(text_in(entry.get_object(), "message"));
    std::cout << "  " << terminal.styled(Style::kYellow, "warning") << "   " << text << '\n';
  }
}

// The limit, and the shares that hold something worth a look: those that are half full.
void print_memory(const JsonObject& memory) {
  if (memory.empty()) return;
  constexpr double kMiB = 1024.0 * 1024.0;
  const auto mebibytes = [](double bytes) { return std::to_string(std::lround(bytes / kMiB)) + " MiB"; };
  double held = 0;
  std::string full;
  for (const auto& member : object_in(memory, "shares")) {
    if (!member.value().is_object()) continue;
    const JsonObject& share = member.value().get_object();
    const double bytes = number_in(share, "bytes");
    held += bytes;
    if (bytes * 2 < number_in(share, "limit") || bytes == 0) continue;
    full.append(full.empty() ? "" : ", ").append(displayable(std::string(member.key())));
    full.append(" ").append(mebibytes(bytes)).append(" of ").append(mebibytes(number_in(share, "limit")));
  }
  const std::string text = mebibytes(held) + " of " + mebibytes(number_in(memory, "limit"));
  print_line("memory", text + (full.empty() ? "" : " (" + full + ")"));
}

void print_models(const JsonArray& models, const Terminal& terminal) {
  using Align = TextTable::Align;
  TextTable table({{"MODEL"},
                   {"OPEN", Align::kRight},
                   {"WAITING", Align::kRight},
                   {"OLDEST", Align::kRight},
                   {"WORKERS", Align::kRight},
                   {"SLOTS", Align::kRight}});
  for (const Json& entry : models) {
    if (!entry.is_object()) continue;
    const JsonObject& model = entry.get_object();
    const bool waits = number_in(model, "waiting") > 0;
    const bool served = number_in(model, "workers") + number_in(model, "plain_workers") > 0;
    table.add({{displayable(text_in(model, "name"))},
               {count_in(model, "open")},
               {count_in(model, "waiting"), waits ? Style::kYellow : Style::kPlain},
               {waits ? short_duration(number_in(model, "oldest_waiting_seconds")) : "-"},
               {count_in(model, "workers"), served ? Style::kPlain : Style::kRed},
               {count_in(model, "slots")}});
  }
  if (!table.empty()) std::cout << '\n' << table.text(terminal);
}

void print_workers(const JsonArray& workers, const Terminal& terminal) {
  using Align = TextTable::Align;
  TextTable table({{"WORKER"},
                   {"VERSION"},
                   {"RUNNING", Align::kRight},
                   {"UP", Align::kRight},
                   {"LAST CLAIM", Align::kRight},
                   {"MODELS"}});
  for (const Json& entry : workers) {
    if (!entry.is_object()) continue;
    const JsonObject& worker = entry.get_object();
    std::string models;
    for (const Json& model : array_in(worker, "models")) {
      if (!model.is_object()) continue;
      models.append(models.empty() ? "" : ", ").append(text_in(model.get_object(), "name"));
      models.append("=").append(count_in(model.get_object(), "slots"));
    }
    const std::string claim = age_of(worker, "last_claim_at");
    table.add({{displayable(text_in(worker, "name"))},
               {displayable(text_in(worker, "version"))},
               {count_in(worker, "running")},
               {age_of(worker, "started_at")},
               {claim.empty() ? "never" : claim + " ago"},
               {displayable(models)}});
  }
  std::cout << '\n';
  if (table.empty()) {
    std::cout << "No worker has a lease. Start one with: shunt worker\n";
  } else {
    std::cout << table.text(terminal);
  }
}

void print_status(const JsonObject& status, const std::string& url) {
  const Terminal terminal(STDOUT_FILENO);
  const std::string state(text_in(status, "status"));
  std::cout << "shunt " << displayable(text_in(status, "version")) << " at " << url << " is "
            << terminal.styled(style_of(state), displayable(state)) << '\n';
  if (const std::string reason(text_in(status, "reason")); !reason.empty()) print_line("because", reason);
  const JsonObject& strategy = object_in(status, "strategy");
  print_line(
      "strategy",
      std::string(text_in(strategy, "mode")).append(" (").append(text_in(strategy, "reason")).append(")"));
  print_line("roles", joined(array_in(status, "roles"), ", "));
  print_line("up", short_duration(number_in(status, "uptime_seconds")));
  print_line("here", count_in(status, "running") + " running, " + count_in(status, "waiting") +
                         " waiting, followed by this process");
  print_memory(object_in(status, "memory"));
  const bool queue = status.contains("redis");
  if (queue) print_redis(object_in(status, "redis"), terminal);
  if (status.contains("age_seconds"))
    print_line("figures", "as of " + tenths(number_in(status, "age_seconds")) + " s ago");
  print_warnings(array_in(status, "warnings"), terminal);
  print_models(array_in(status, "models"), terminal);
  if (!queue) return;
  if (const std::string error(text_in(status, "workers_error")); !error.empty()) {
    std::cout << '\n' << "Workers are not known now: " << displayable(error) << '\n';
  } else {
    print_workers(array_in(status, "workers"), terminal);
  }
}

}  // namespace

int status(const StatusOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) {
    complain(client.error().message);
    return kExitConfiguration;
  }
  const auto answer = client->get("/admin/status");
  if (!answer) {
    complain(answer.error().message + " (" + answer.error().code.to_string() + ')');
    return kExitFailed;
  }
  if (options.json) {
    std::cout << displayable_json(to_json_text(*answer)) << std::endl;
  } else {
    print_status(*answer, client->url());
    std::cout << std::flush;
  }
  return text_in(*answer, "status") == "ready" ? kExitOk : kExitFailed;
}

}  // namespace shunt::app
