#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "commands.hpp"
#include "exit_code.hpp"
#include "job_text.hpp"
#include "service_client.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/percent_encoding.hpp"

namespace shunt::app {
namespace {

// The service's own bound of a page.
constexpr std::size_t kLargestPage = 200;

int refuse(const Error& error, int exit_code = kExitFailed) {
  complain(error.message + " (" + error.code.to_string() + ')');
  return exit_code;
}

std::string page_path(const JobsListOptions& options, std::size_t left, const std::string& cursor) {
  std::string path = "/v1/generations?limit=" + std::to_string(std::min(left, kLargestPage));
  if (options.state) path += "&state=" + percent_encoded(*options.state);
  if (options.model) path += "&model=" + percent_encoded(*options.model);
  if (!cursor.empty()) path += "&cursor=" + percent_encoded(cursor);
  return path;
}

std::string job_path(const std::string& id) {
  return "/v1/generations/" + percent_encoded(id);
}

// Runs `act` for each id and goes on after a failure, so that one wrong id does not keep the others from it.
template <typename Act>
int for_each_job(const JobsOptions& options, Act act) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  int exit_code = kExitOk;
  for (const std::string& id : options.ids) {
    if (const auto failure = act(*client, id)) exit_code = refuse(*failure);
    std::cout << std::flush;
  }
  return exit_code;
}

// The answer to a call, or the error of one that was refused.
Result<ServiceAnswer> ask(ServiceClient& client, const std::string& method, const std::string& path,
                          const std::optional<Json>& body = std::nullopt) {
  auto answer = client.call(method, path, body);
  if (answer && (answer->status < 200 || answer->status > 299)) return error_of(*answer);
  return answer;
}

std::string state_in(const ServiceAnswer& answer) {
  const auto json = parse_json(answer.body, {.max_depth = 128});
  return json && json->is_object() ? std::string(text_in(json->get_object(), "state")) : std::string();
}

std::string json_line(const Json& json) {
  static const bool terminal = Terminal(STDOUT_FILENO).is_terminal();
  const std::string text = to_json_text(json);
  return (terminal ? displayable_json(text) : text) + '\n';
}

std::string id_in(const ServiceAnswer& answer) {
  return answer.location.substr(answer.location.rfind('/') + 1);
}

}  // namespace

int jobs_list(const JobsListOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  const WallTime now = system_clock().now();
  TextTable table = jobs_table();
  std::string cursor;
  std::size_t left = options.limit;
  do {
    const auto page = client->get(page_path(options, left, cursor));
    if (!page) return refuse(page.error());
    for (const Json& record : array_in(*page, "generations")) {
      if (!record.is_object()) continue;
      --left;
      if (options.json) {
        std::cout << json_line(record);
      } else {
        table.add(job_row(record.get_object(), now));
      }
    }
    cursor = text_in(*page, "next_cursor");
  } while (!cursor.empty() && left > 0 && std::cout.good());
  if (options.json) {
    std::cout << std::flush;
    return kExitOk;
  }
  if (table.empty()) {
    std::cerr << "no generations" << (options.state || options.model ? " that fit" : "") << std::endl;
    return kExitOk;
  }
  std::cout << table.text(Terminal(STDOUT_FILENO)) << std::flush;
  if (!cursor.empty()) std::cerr << "there are more: --limit N shows them" << std::endl;
  return kExitOk;
}

int jobs_show(const JobsOptions& options) {
  return for_each_job(options, [&](ServiceClient& client, const std::string& id) -> std::optional<Error> {
    const auto record = client.get(job_path(id));
    if (!record) return record.error();
    if (options.json) {
      std::cout << json_line(*record);
    } else {
      std::cout << job_description(*record, Terminal(STDOUT_FILENO), system_clock().now());
    }
    return std::nullopt;
  });
}

int jobs_cancel(const JobsOptions& options) {
  return for_each_job(options, [&](ServiceClient& client, const std::string& id) -> std::optional<Error> {
    Json body = JsonObject{};
    if (!options.reason.empty()) body = JsonObject{{"reason", options.reason}};
    const auto answer = ask(client, "POST", job_path(id) + "/cancel", body);
    if (!answer) return answer.error();
    const std::string state = state_in(*answer);
    const bool stopping = answer->status == 202;
    std::cout << id << ' '
              << (stopping               ? "is stopping"
                  : state == "cancelled" ? "cancelled"
                                         : "had " + displayable(state))
              << '\n';
    return std::nullopt;
  });
}

int jobs_retry(const JobsOptions& options) {
  return for_each_job(options, [](ServiceClient& client, const std::string& id) -> std::optional<Error> {
    const auto answer = ask(client, "POST", job_path(id) + "/retry");
    if (!answer) return answer.error();
    std::cout << displayable(id_in(*answer)) << '\n';
    return std::nullopt;
  });
}

int jobs_remove(const JobsOptions& options) {
  return for_each_job(options, [](ServiceClient& client, const std::string& id) -> std::optional<Error> {
    const auto answer = ask(client, "DELETE", job_path(id));
    if (!answer) return answer.error();
    std::cout << "removed " << id << '\n';
    return std::nullopt;
  });
}

}  // namespace shunt::app
