#include <unistd.h>

#include <iostream>

#include "commands.hpp"
#include "exit_code.hpp"
#include "model_text.hpp"
#include "service_client.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/percent_encoding.hpp"
#include "terminal.hpp"
#include "text_table.hpp"

namespace shunt::app {
namespace {

int refuse(const Error& error, int exit_code = kExitFailed) {
  complain(error.message + " (" + error.code.to_string() + ')');
  return exit_code;
}

std::string json_line(const JsonObject& model) {
  const std::string text = to_json_text(model);
  return (Terminal(STDOUT_FILENO).is_terminal() ? displayable_json(text) : text) + '\n';
}

}  // namespace

int models_list(const ModelsOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  const auto answer = client->get("/v1/models");
  if (!answer) return refuse(answer.error());
  TextTable table = models_table();
  for (const Json& model : array_in(*answer, "models")) {
    if (!model.is_object()) continue;
    if (options.json) {
      std::cout << json_line(model.get_object());
    } else {
      table.add(model_row(model.get_object()));
    }
  }
  if (!options.json) std::cout << table.text(Terminal(STDOUT_FILENO));
  std::cout << std::flush;
  return kExitOk;
}

int models_show(const ModelsOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) return refuse(client.error(), kExitConfiguration);
  int exit_code = kExitOk;
  for (const std::string& name : options.names) {
    const auto model = client->get("/v1/models/" + percent_encoded(name));
    if (!model) {
      exit_code = refuse(model.error());
      continue;
    }
    std::cout << (options.json ? json_line(*model) : model_description(*model)) << std::flush;
  }
  return exit_code;
}

}  // namespace shunt::app
