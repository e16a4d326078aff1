#include "command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <iostream>
#include <memory>

#include "command_options.hpp"
#include "commands.hpp"
#include "completion.hpp"
#include "exit_code.hpp"
#include "flip_command_line.hpp"
#include "machine_command_line.hpp"
#include "usage_error.hpp"

namespace shunt::app {
namespace {

constexpr const char* kIntroduction =
    "Shunt runs generation jobs: language models, speech, images, any program, behind one endpoint.";

constexpr const char* kExitCodes =
    "Exit codes:\n"
    "  0    it worked\n"
    "  1    the generation failed, or the service could not start (its port is taken, say)\n"
    "  2    the command line or the input was refused; nothing has run\n"
    "  78   the configuration is wrong; the message names the file and line, variable or flag\n"
    "  130  interrupted with Ctrl-C (143: by SIGTERM)\n"
    "  141  who read standard output has gone";

constexpr const char* kServeFooter =
    "Examples:\n"
    "  shunt serve\n"
    "  shunt serve --listen 127.0.0.1:9000 --config /etc/shunt.toml\n"
    "  shunt serve --set log.format=json --set models.speech.concurrency=2\n\n"
    "Prints one line when it is ready: listening on http://ADDRESS:PORT. The log goes to standard error.\n"
    "SIGTERM or Ctrl-C: stops accepting, lets running generations finish within shutdown.grace,\n"
    "cancels the rest, exits 0. A second signal ends the process at once.\n"
    "SIGHUP: reads the configuration again (as shunt reload), or, when the terminal has gone, stops like "
    "that.";

constexpr const char* kWorkerFooter =
    "Examples:\n"
    "  REDIS_URL=redis://127.0.0.1:6379 shunt worker\n"
    "  shunt worker --model speech --model chat --concurrency 2\n\n"
    "Prints one line when it is up: working; with worker.listen also where its probes and metrics are.\n"
    "Starts whatever state Redis is in, and tries for ever. Runs whatever QUEUE_ENABLED says: that is for "
    "the\n"
    "API alone.\n"
    "SIGTERM or Ctrl-C: takes nothing more, lets running generations finish within shutdown.grace, gives "
    "the\n"
    "rest back to the queue, exits 0. A second signal ends the process at once.\n"
    "SIGHUP: reads the configuration again.";

constexpr const char* kReloadFooter =
    "Examples:\n"
    "  shunt config diff\n"
    "  shunt reload\n\n"
    "The service reads the file that it was started with; its variables and flags stay those of the start.\n"
    "Without API keys this is for the machine that it runs on; with them it needs one with the scope admin.\n"
    "A process without an API, as a worker, is told by a signal: kill -HUP PID.\n\n"
    "Exit codes:\n"
    "  0    all that differs is live, or would be\n"
    "  1    the service cannot be reached, or refuses\n"
    "  2    the command line was refused\n"
    "  3    some of what differs waits for a restart\n"
    "  78   the configuration is wrong; nothing has changed";

constexpr const char* kGenerateFooter =
    "Examples:\n"
    "  shunt generate \"Good morning\" --model speech -o morning.wav\n"
    "  echo \"Tell me a story\" | shunt generate - --model simulator\n"
    "  shunt generate --model caption --file image=@cat.png\n"
    "  shunt generate --model simulator --input '{\"prompt\": \"hi\", \"tokens\": 5}' --json\n\n"
    "Runs it in this process or, with the queue enabled, hands it to the workers.\n"
    "Text streams to standard output as it comes. An artifact (audio, an image) goes to the file that -o "
    "names;\n"
    "without -o to standard output, or on a terminal to a new file in the current folder.\n"
    "Progress and log lines appear on standard error when that is a terminal.\n\n";

constexpr const char* kStatusFooter =
    "Examples:\n"
    "  shunt status\n"
    "  shunt status --url http://10.0.0.7:8080 --json\n\n"
    "Exit codes:\n"
    "  0    the service is ready\n"
    "  1    it is degraded or draining, cannot be reached, or refuses the API key; the message says which\n"
    "  2    the command line was refused\n"
    "  78   the configuration is wrong";

constexpr const char* kWebhooksFooter =
    "Examples:\n"
    "  shunt webhooks ls --state failed\n"
    "  shunt webhooks show msg_019abc3f5c2a7d1e8f00a1b2c3d4e5f6\n"
    "  shunt webhooks redeliver msg_019abc3f5c2a7d1e8f00a1b2c3d4e5f6\n"
    "  shunt webhooks test https://example.com/hook\n\n"
    "Needs an API key with the scope admin or, where the service has no keys, has to be asked on its "
    "machine.\n\n"
    "Exit codes:\n"
    "  0    it worked; test: the endpoint took the message\n"
    "  1    the service refused it or cannot be reached; test: the endpoint did not take it\n"
    "  2    the command line was refused\n"
    "  78   the configuration is wrong";

constexpr const char* kJobsFooter =
    "Examples:\n"
    "  shunt jobs ls --state failed --model speech\n"
    "  shunt jobs tail gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6\n"
    "  shunt jobs ls --state queued --json | jq -r .id | xargs shunt jobs cancel\n\n"
    "Works the same whether the service runs generations itself or hands them to the queue.\n\n"
    "Exit codes:\n"
    "  0    it worked; tail: the generation succeeded\n"
    "  1    the service refused it or cannot be reached; tail: the generation failed or was cancelled\n"
    "  2    the command line was refused; nothing has been asked\n"
    "  78   the configuration is wrong\n"
    "  130  tail: interrupted; the generation goes on";

constexpr const char* kCompletionFooter =
    "Examples:\n"
    "  source <(shunt completion bash)\n"
    "  shunt completion zsh > ~/.zfunc/_shunt                      # a folder of $fpath\n"
    "  shunt completion fish > ~/.config/fish/completions/shunt.fish\n\n"
    "The Debian package has them in their places. json is the table of commands that they are made of.";

constexpr const char* kHashKeyFooter =
    "Examples:\n"
    "  shunt config hash-key --new\n"
    "  printf %s \"$KEY\" | shunt config hash-key\n\n"
    "The hash goes into the configuration file, the key to the client (Authorization: Bearer KEY).";

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined.append(joined.empty() ? "" : ",").append(word);
  return joined;
}

// The options of the commands, and which command was named.
struct Parsed {
  ServeOptions serve;
  ServeOptions worker;
  GenerateOptions generate;
  ConfigCheckOptions check;
  ConfigShowOptions show;
  HashKeyOptions hash_key;
  ReloadOptions reload;
  ConfigDiffOptions diff;
  StatusOptions status;
  JobsListOptions jobs_list;
  JobsOptions jobs;
  WebhooksOptions webhooks;
  ModelsOptions models;
  FlipCommandOptions flip;
  MachineCommandOptions machine;
  VersionOptions version;
  std::string shell;
  std::function<int()> run;
};

void add_serve(CLI::App& app, Parsed& parsed) {
  CLI::App& command = *app.add_subcommand("serve", "Serve generations over HTTP")->group("Commands");
  SettingOptions& settings = parsed.serve.settings;
  add_setting_flag(command, settings, "--listen", "server.listen", "ADDRESS:PORT",
                   "Where to listen (default 127.0.0.1:8080; port 0 takes any free one)");
  add_setting_flag(command, settings, "--threads", "server.threads", "N",
                   "Event loops (default: one a core, at most 8)");
  add_setting_flag(command, settings, "--roles", "roles", "ROLES",
                   "api (default), worker, or api,worker: what this process does when the queue is enabled");
  add_setting_options(command, settings);
  command.footer(kServeFooter);
  command.callback([&parsed] { parsed.run = [&parsed] { return serve(parsed.serve); }; });
}

void add_worker(CLI::App& app, Parsed& parsed) {
  CLI::App& command = *app.add_subcommand("worker", "Run generations from the queue")->group("Commands");
  SettingOptions& settings = parsed.worker.settings;
  // A worker has no other strategy, so that workers can be started before the switch is flipped.
  settings.flags = {{"roles", "worker"}, {"queue.enabled", "true"}};
  command
      .add_option_function<std::vector<std::string>>(
          "-m,--model",
          [&settings](const std::vector<std::string>& models) {
            settings.flags.emplace_back("worker.models", join(models));
          },
          "Take only generations of this model; repeatable (otherwise: of all)")
      ->type_name("MODEL")
      ->allow_extra_args(false);
  add_setting_flag(command, settings, "--concurrency", "worker.concurrency", "N",
                   "Generations of a model at once (otherwise: each model's own)");
  add_setting_flag(command, settings, "--listen", "worker.listen", "ADDRESS:PORT",
                   "Where to answer /healthz, /readyz and /metrics (default: nowhere)");
  add_setting_flag(command, settings, "--name", "worker.name", "NAME",
                   "How it is called in lists (otherwise: host and process id)");
  add_setting_options(command, settings);
  command.footer(kWorkerFooter);
  command.callback([&parsed] { parsed.run = [&parsed] { return serve(parsed.worker); }; });
}

void add_generate(CLI::App& app, Parsed& parsed) {
  CLI::App& command =
      *app.add_subcommand("generate", "Run one generation, without a server")->group("Commands");
  GenerateOptions& options = parsed.generate;
  command.add_option("TEXT", options.text, "What to generate from; - reads it from standard input")
      ->type_name(" ");
  command.add_option("-m,--model", options.model, "Which model (otherwise the configured default)")
      ->type_name("MODEL");
  command
      .add_option("-i,--input", options.input,
                  "The model's input as a JSON object, or @FILE to read it from; TEXT is added to it")
      ->type_name("JSON|@FILE");
  command
      .add_option("-f,--file", options.files,
                  "A member of the input that is a file, as in image=@cat.png; may be given again")
      ->type_name("MEMBER=@FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("-o,--output", options.output,
                  "Where the result goes: the artifact, or the text if there is no artifact")
      ->type_name("FILE");
  add_duration_option(command, "--timeout",
                      "Give up after this time: 500ms, 30s, 10m (at most, and otherwise, the model's own)",
                      [&options](std::chrono::milliseconds timeout) { options.timeout = timeout; });
  add_json_flag(command, options.json, "Print the events as they come, one JSON object a line");
  add_setting_options(command, options.settings);
  command.footer(std::string(kGenerateFooter) + kExitCodes);
  command.callback([&parsed] { parsed.run = [&parsed] { return generate(parsed.generate); }; });
}

void add_status(CLI::App& app, Parsed& parsed) {
  CLI::App& command =
      *app.add_subcommand("status", "Tell how a running service is: strategy, Redis, workers, backlog")
           ->group("Commands");
  add_client_options(command, parsed.status.client);
  add_json_flag(command, parsed.status.json, "Print what the service told as one JSON object");
  command.footer(kStatusFooter);
  command.callback([&parsed] { parsed.run = [&parsed] { return status(parsed.status); }; });
}

// A command of `shunt jobs` that names generations.
CLI::App& add_job_command(CLI::App& jobs, Parsed& parsed, const char* name, const char* help,
                          int (*command)(const JobsOptions&), bool many) {
  CLI::App& made = *jobs.add_subcommand(name, help);
  CLI::Option& ids = *made.add_option("ID", parsed.jobs.ids, many ? "The generations" : "The generation");
  ids.type_name(" ")->required();
  if (!many) ids.expected(1);
  add_client_options(made, parsed.jobs.client);
  made.callback([&parsed, command] { parsed.run = [&parsed, command] { return command(parsed.jobs); }; });
  return made;
}

void add_jobs(CLI::App& app, Parsed& parsed) {
  CLI::App& jobs =
      *app.add_subcommand("jobs", "List, show, follow, cancel, retry and remove a service's generations")
           ->group("Commands");
  jobs.require_subcommand(1);
  jobs.footer(kJobsFooter);

  CLI::App& list = *jobs.add_subcommand("ls", "List generations, newest first");
  list.add_option("-s,--state", parsed.jobs_list.state, "Only those in this state")
      ->type_name("STATE")
      ->check(CLI::IsMember({"queued", "running", "succeeded", "failed", "cancelled"}));
  list.add_option("-m,--model", parsed.jobs_list.model, "Only this model's")->type_name("MODEL");
  list.add_option("-n,--limit", parsed.jobs_list.limit, "How many at most")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  add_json_flag(list, parsed.jobs_list.json, "Print the records, one JSON object a line");
  add_client_options(list, parsed.jobs_list.client);
  list.callback([&parsed] { parsed.run = [&parsed] { return jobs_list(parsed.jobs_list); }; });

  CLI::App& show =
      add_job_command(jobs, parsed, "show", "Show all that is known of generations", jobs_show, true);
  add_json_flag(show, parsed.jobs.json, "Print the records, one JSON object a line");
  CLI::App& tail = add_job_command(jobs, parsed, "tail", "Follow a generation to its end", jobs_tail, false);
  add_json_flag(tail, parsed.jobs.json, "Print the events as they come, one JSON object a line");
  CLI::App& cancel = add_job_command(jobs, parsed, "cancel", "Ask generations to stop", jobs_cancel, true);
  cancel.add_option("--reason", parsed.jobs.reason, "Why; kept with the generation")->type_name("TEXT");
  add_job_command(jobs, parsed, "retry", "Run the same requests again; prints the new ids", jobs_retry, true);
  add_job_command(jobs, parsed, "rm", "Remove ended generations: record, text and input", jobs_remove, true);
  for (CLI::App* command : jobs.get_subcommands({})) command->footer(kJobsFooter);
}

CLI::App& add_webhook_command(CLI::App& webhooks, Parsed& parsed, const char* name, const char* help,
                              int (*command)(const WebhooksOptions&)) {
  CLI::App& made = *webhooks.add_subcommand(name, help);
  add_json_flag(made, parsed.webhooks.json, "Print what the service told as JSON");
  add_client_options(made, parsed.webhooks.client);
  made.footer(kWebhooksFooter);
  made.callback([&parsed, command] { parsed.run = [&parsed, command] { return command(parsed.webhooks); }; });
  return made;
}

void add_webhooks(CLI::App& app, Parsed& parsed) {
  CLI::App& webhooks =
      *app.add_subcommand("webhooks", "List, show, repeat and test the deliveries of webhooks")
           ->group("Commands");
  webhooks.require_subcommand(1);
  webhooks.footer(kWebhooksFooter);
  WebhooksOptions& options = parsed.webhooks;
  CLI::App& list =
      add_webhook_command(webhooks, parsed, "ls", "List deliveries, newest first", webhooks_list);
  list.add_option("-s,--state", options.state, "Only those in this state")
      ->type_name("STATE")
      ->check(CLI::IsMember({"pending", "delivered", "failed"}));
  list.add_option("-n,--limit", options.limit, "How many at most")
      ->type_name("N")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  for (CLI::App* const named :
       {&add_webhook_command(webhooks, parsed, "show", "Show a delivery and its attempts", webhooks_show),
        &add_webhook_command(webhooks, parsed, "redeliver", "Send an ended delivery's message again",
                             webhooks_redeliver)}) {
    named->add_option("ID", options.id, "The message, as msg_...")->required()->type_name(" ");
  }
  CLI::App& test = add_webhook_command(webhooks, parsed, "test",
                                       "Send one message that tells of nothing; opens an endpoint that had "
                                       "answered 410",
                                       webhooks_test);
  test.add_option("URL", options.url, "The endpoint")->required()->type_name(" ");
  test.add_option("--key", options.key, "The name of the API key whose secrets sign it")->type_name("NAME");
}

void add_models(CLI::App& app, Parsed& parsed) {
  CLI::App& models =
      *app.add_subcommand("models", "List and show a service's models, and what their input may be")
           ->group("Commands");
  models.require_subcommand(1);
  CLI::App& list = *models.add_subcommand("ls", "List the models");
  add_json_flag(list, parsed.models.json, "Print the models, one JSON object a line");
  add_client_options(list, parsed.models.client);
  list.callback([&parsed] { parsed.run = [&parsed] { return models_list(parsed.models); }; });
  CLI::App& show = *models.add_subcommand("show", "Show models: limits, and each member of their input");
  show.add_option("MODEL", parsed.models.names, "The models")->type_name(" ")->required();
  add_json_flag(show, parsed.models.json,
                "Print the models, one JSON object a line; input_schema is a JSON Schema");
  add_client_options(show, parsed.models.client);
  show.callback([&parsed] { parsed.run = [&parsed] { return models_show(parsed.models); }; });
}

void add_config(CLI::App& app, Parsed& parsed) {
  CLI::App& config =
      *app.add_subcommand("config", "Check, show and compare configurations")->group("Commands");
  config.require_subcommand(1);

  CLI::App& check = *config.add_subcommand("check", "Tell whether the service would start with it");
  add_setting_options(check, parsed.check.settings);
  add_json_flag(check, parsed.check.json, "Print {\"valid\": ...} instead of a sentence");
  check.callback([&parsed] { parsed.run = [&parsed] { return config_check(parsed.check); }; });

  CLI::App& show = *config.add_subcommand("show", "List every setting, its value and where that comes from");
  add_setting_options(show, parsed.show.settings);
  add_json_flag(show, parsed.show.json, "Print a JSON array instead of a table");
  show.callback([&parsed] { parsed.run = [&parsed] { return config_show(parsed.show); }; });

  CLI::App& diff = *config.add_subcommand(
      "diff", "Tell what a reload of the running service would change, and what waits for a restart");
  diff.add_option("--from", parsed.diff.from,
                  "Compare this file with the configured one instead; ask no service")
      ->type_name("FILE");
  add_client_options(diff, parsed.diff.client);
  add_json_flag(diff, parsed.diff.json, "Print the report as a JSON object");
  diff.footer(kReloadFooter);
  diff.callback([&parsed] { parsed.run = [&parsed] { return config_diff(parsed.diff); }; });

  CLI::App& reference = *config.add_subcommand("reference", "Print the reference of all settings (Markdown)");
  reference.callback([&parsed] { parsed.run = [] { return config_reference(); }; });

  CLI::App& hash_key =
      *config.add_subcommand("hash-key", "Hash an API key, read from standard input, for the configuration");
  hash_key.add_flag("--new", parsed.hash_key.make_new, "Make a new random key instead of reading one");
  add_json_flag(hash_key, parsed.hash_key.json, "Print a JSON object");
  hash_key.footer(kHashKeyFooter);
  hash_key.callback([&parsed] { parsed.run = [&parsed] { return config_hash_key(parsed.hash_key); }; });
}

void add_reload(CLI::App& app, Parsed& parsed) {
  CLI::App& command =
      *app.add_subcommand("reload", "Make a running service read its configuration again")->group("Commands");
  add_client_options(command, parsed.reload.client);
  add_json_flag(command, parsed.reload.json, "Print what has changed as a JSON object");
  command.footer(kReloadFooter);
  command.callback([&parsed] { parsed.run = [&parsed] { return reload_service(parsed.reload); }; });
}

void add_version(CLI::App& app, Parsed& parsed) {
  CLI::App& command = *app.add_subcommand("version", "Print the version")->group("Commands");
  add_json_flag(command, parsed.version.json, "Print a JSON object");
  command.callback([&parsed] { parsed.run = [&parsed] { return version(parsed.version); }; });
  app.add_flag_callback(
      "--version", [&parsed] { parsed.run = [] { return version({}); }; }, "Print the version");
}

void add_completion(CLI::App& app, Parsed& parsed) {
  CLI::App& command =
      *app.add_subcommand("completion", "Print a script that completes this command line in a shell")
           ->group("Commands");
  command.add_option("SHELL", parsed.shell, "Which shell")
      ->type_name(" ")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "json"}));
  command.footer(kCompletionFooter);
  command.callback([&app, &parsed] {
    parsed.run = [&app, &parsed] {
      const Command described = describe(app);
      if (parsed.shell == "bash") std::cout << bash_completion(described);
      if (parsed.shell == "zsh") std::cout << zsh_completion(described);
      if (parsed.shell == "fish") std::cout << fish_completion(described);
      if (parsed.shell == "json") std::cout << command_table_json(described);
      return kExitOk;
    };
  });
}

}  // namespace

int run_command_line(int argc, char** argv) {
  Parsed parsed;
  CLI::App app{kIntroduction, "shunt"};
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.require_subcommand(0, 1);
  app.footer(std::string("shunt COMMAND --help tells more about a command.\n\n") + kExitCodes);
  add_init(app, parsed.machine, parsed.run);
  add_doctor(app, parsed.machine, parsed.run);
  add_serve(app, parsed);
  add_worker(app, parsed);
  add_generate(app, parsed);
  add_status(app, parsed);
  add_health(app, parsed.machine, parsed.run);
  add_jobs(app, parsed);
  add_webhooks(app, parsed);
  add_models(app, parsed);
  add_flip(app, parsed.flip, parsed.run);
  add_config(app, parsed);
  add_reload(app, parsed);
  add_completion(app, parsed);
  add_version(app, parsed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for_help) {
    return app.exit(asked_for_help);
  } catch (const CLI::ParseError& problem) {
    std::cerr << usage_error_text(app, problem);
    return kExitUsage;
  }
  if (!parsed.run) {
    std::cerr << app.help();
    return kExitUsage;
  }
  return parsed.run();
}

}  // namespace shunt::app
