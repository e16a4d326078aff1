#include "doctor_look.hpp"

#include <algorithm>
#include <filesystem>
#include <future>
#include <map>
#include <string>
#include <utility>

#include "doctor_servers.hpp"
#include "make_artifact_store.hpp"
#include "make_models.hpp"
#include "shunt/executor/queue_inspector.hpp"
#include "shunt/flip/inspection.hpp"
#include "shunt/site/gather.hpp"
#include "shunt/site/judgements.hpp"

namespace shunt::app {
namespace {

using site::Finding;
using site::NamedLook;
using Configured = std::shared_ptr<const config::Loaded>;
using std::chrono::milliseconds;

constexpr milliseconds kConnectWithin{3'000};
constexpr milliseconds kAnswerWithin{5'000};

const CommandOptions* command_of(const config::ModelConfig& model) {
  return std::get_if<CommandOptions>(&model.driver);
}

bool runs_programs(const config::Configuration& configuration) {
  return std::ranges::any_of(configuration.models,
                             [](const auto& model) { return command_of(model) != nullptr; });
}

std::string host_of(const std::string& url) {
  // Without what may be a password.
  const std::size_t begin = url.find("://");
  return begin == std::string::npos ? url : url.substr(begin + 3, url.find('/', begin + 3) - begin - 3);
}

struct WhatRuns {
  std::string operator()(const CommandOptions& options) const {
    return options.argv.empty() ? "" : options.argv.front();
  }
  std::string operator()(const OpenAiOptions& options) const {
    if (options.upstreams.empty()) return options.model + " at " + host_of(options.base_url);
    return options.model + " at " + std::to_string(options.upstreams.size()) + " servers";
  }
  std::string operator()(const CogOptions& options) const { return host_of(options.base_url); }
  std::string operator()(const SimulatorOptions&) const { return {}; }
};

// Makes each generator as the service would, and starts none.
std::vector<Finding> look_at_models(const config::Loaded& loaded) {
  std::vector<Finding> findings;
  EventLoopThreads loops(1);
  const auto files = make_file_store(loaded.configuration);
  for (const config::ModelConfig& configured : loaded.configuration.models) {
    site::ModelFacts facts;
    facts.name = configured.model.name;
    facts.driver = configured.model.driver;
    facts.runs = std::visit(WhatRuns{}, configured.driver);
    const auto made = make_model(configured, loaded, loops, files ? files->get() : nullptr);
    if (!made) facts.mistake = log_text(made.error());
    // The service would not start.
    if (!files) facts.mistake = log_text(files.error());
    findings.push_back(site::judge_model(facts));
  }
  return findings;
}

// One question, and those models that it answers for.
struct AskedServer {
  site::ModelsQuestion question;
  std::string server;
  bool has_key = false;
  std::vector<std::pair<std::string, std::string>> models;  // ours, and what the server is to call it
};
using AskedServers = std::map<std::string, AskedServer>;

void add_servers(const config::ModelConfig& configured, AskedServers& to) {
  if (const auto* const options = std::get_if<OpenAiOptions>(&configured.driver)) {
    const auto requests = openai_models_requests(*options);
    if (!requests) return;  // The look at the models says why.
    for (const OpenAiModelsRequest& request : *requests) {
      std::string key = request.url + '\n' + request.proxy;
      for (const std::string& header : request.headers) key.append(1, '\n').append(header);
      AskedServer& asked = to[key];
      asked.question = {request.url, request.headers, request.proxy,
                        std::min(options->connect_timeout, kConnectWithin), kAnswerWithin};
      asked.server = request.server;
      asked.has_key = request.has_key;
      asked.models.emplace_back(configured.model.name, request.model);
    }
  }
  if (const auto* const options = std::get_if<CogOptions>(&configured.driver)) {
    const std::string& base = options->base_url;
    const std::string url = base.substr(0, base.find_last_not_of('/') + 1) + "/health-check";
    AskedServer& asked = to[url];
    asked.question = {
        url, {}, options->proxy, std::min(options->connect_timeout, kConnectWithin), kAnswerWithin};
    asked.server = host_of(base);
    asked.models.emplace_back(configured.model.name, "");
  }
}

std::vector<Finding> look_at_server(const AskedServer& asked) {
  const site::ModelsAnswer answer = site::ask_for_models(asked.question);
  std::vector<Finding> findings;
  for (const auto& [model, wanted] : asked.models)
    findings.push_back(site::judge_upstream({model, asked.server, wanted, asked.has_key, answer}));
  return findings;
}

std::vector<Finding> look_at_redis(const executor::QueueOptions& queue) {
  const auto inspector = executor::make_queue_inspector(queue);
  std::promise<Result<executor::ServerReading>> answer;
  inspector->read_server(
      [&answer](Result<executor::ServerReading> reading) { answer.set_value(std::move(reading)); });
  const auto reading = answer.get_future().get();
  flip::RedisFacts facts;
  if (reading) {
    facts = flip::redis_facts_of(*reading);
  } else {
    facts.failure = reading.error().message;
  }
  return site::findings_of(flip::check_redis(facts, flip::has_hash_tag(queue.prefix)));
}

void add_folder(std::vector<NamedLook>& looks, const std::string& purpose, const std::string& path,
                std::uint64_t wanted = 0) {
  if (path.empty()) return;
  looks.push_back({"disk." + purpose, [purpose, path, wanted] {
                     return site::judge_folder(site::gather_folder(purpose, path, wanted));
                   }});
}

void add_folders(std::vector<NamedLook>& looks, const config::Configuration& configuration) {
  const auto folder_of = [](const std::string& file) {
    return file.empty() ? file : std::filesystem::absolute(file).parent_path().string();
  };
  if (configuration.queue_enabled && configuration.artifacts.s3.bucket.empty())
    add_folder(looks, "artifacts", artifacts_folder(configuration).string());
  if (configuration.roles.api)
    add_folder(looks, "files", files_folder(configuration).string(), configuration.file_store.min_free_bytes);
  if (configuration.queue_enabled) {
    add_folder(looks, "flip_state", folder_of(configuration.flip_state_file));
    add_folder(looks, "flip_audit", folder_of(configuration.flip_audit_file));
  }
  if (runs_programs(configuration)) {
    std::error_code failure;
    add_folder(looks, "temporary", std::filesystem::temp_directory_path(failure).string());
  }
}

void add_machine(std::vector<NamedLook>& looks, const config::Configuration& configuration) {
  const bool programs = runs_programs(configuration);
  looks.push_back({"user", [] { return std::vector{site::judge_user(site::gather_user())}; }});
  looks.push_back(
      {"kernel", [programs] { return std::vector{site::judge_kernel(site::gather_kernel(programs))}; }});
  looks.push_back({"clock", [] { return std::vector{site::judge_clock(site::gather_clock())}; }});
  const std::uint64_t memory =
      configuration.memory_limit > 0 ? configuration.memory_limit : default_memory_limit();
  looks.push_back({"limits", [connections = configuration.server.max_connections, memory] {
                     return site::judge_limits(site::gather_limits(connections, memory));
                   }});
}

}  // namespace

site::ConfigurationFacts configuration_facts(const config::Loaded& loaded) {
  const config::Configuration& configuration = loaded.configuration;
  site::ConfigurationFacts facts;
  facts.file = loaded.file;
  facts.others_may_write = site::others_may_write(loaded.file);
  facts.models = configuration.models.size();
  facts.dumpable = configuration.dumpable;
  for (const auto& [variable, advice] : loaded.unread_variables)
    facts.unread_variables.push_back({variable, advice});
  return facts;
}

std::vector<NamedLook> doctor_looks(const Configured& loaded) {
  std::vector<NamedLook> looks;
  if (!loaded) {
    add_machine(looks, config::Configuration());
    return looks;
  }
  const config::Configuration& configuration = loaded->configuration;
  looks.push_back({"models", [loaded] { return look_at_models(*loaded); }});
  AskedServers servers;
  for (const config::ModelConfig& model : configuration.models) add_servers(model, servers);
  for (const auto& [key, server] : servers) {
    const std::string name = "upstream." + server.models.front().first;
    looks.push_back({name, [asked = server] { return look_at_server(asked); }});
  }
  if (configuration.queue_enabled)
    looks.push_back({"redis.reach", [queue = configuration.queue] { return look_at_redis(queue); }});
  if (configuration.roles.api) {
    looks.push_back({"port", [address = configuration.server.address, port = configuration.server.port] {
                       return std::vector{site::judge_port(site::gather_port(address, port))};
                     }});
  }
  add_other_servers(looks, loaded);
  add_folders(looks, configuration);
  add_machine(looks, configuration);
  return looks;
}

}  // namespace shunt::app
