#include "machine_command_line.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>

#include "command_options.hpp"

namespace shunt::app {
namespace {

constexpr const char* kInitFooter =
    "Examples:\n"
    "  shunt init                                          four questions\n"
    "  shunt init --yes                                    a model of each thing that is found\n"
    "  shunt init --model speech --model chat=http://10.0.0.5:8000/v1#llama-3.1-8b\n"
    "  shunt init --yes --output /etc/shunt/shunt.toml --unit /etc/systemd/system/shunt.service\n\n"
    "Finds running llama.cpp, vLLM and Ollama servers, and the programs llama-server, ollama, vllm,\n"
    "whisper-cli, piper, espeak-ng and ffmpeg. Starts nothing, and writes no file that is there already.\n"
    "An address that other machines can reach gets a key, which is printed once.\n\n"
    "Exit codes:\n"
    "  0    the file was written\n"
    "  1    it was not: one is there already, or the folder cannot be written\n"
    "  2    the command line was refused, or there is nobody to ask";

constexpr const char* kDoctorFooter =
    "Examples:\n"
    "  shunt doctor\n"
    "  sudo shunt doctor --user shunt --config /etc/shunt/shunt.toml\n"
    "  shunt doctor --json | jq '.findings[] | select(.severity == \"problem\")'\n\n"
    "Looks at the configuration, the models' programs and servers, limits, the port, Redis (if the queue is\n"
    "enabled), disk, clock and kernel, side by side and for ten seconds at most. Sends no generation and\n"
    "changes nothing. Upstream servers get one GET of their list of models, with the configured key.\n\n"
    "Exit codes:\n"
    "  0    nothing is wrong; there may be warnings\n"
    "  1    there are problems\n"
    "  2    the command line was refused";

constexpr const char* kHealthFooter =
    "Examples:\n"
    "  shunt health\n"
    "  shunt health --worker\n"
    "  shunt health --ready --wait 30s\n\n"
    "A probe for what runs a program to learn whether a process serves, as compose does. Asks /healthz, "
    "which\n"
    "needs no key and does not ask for Redis, on the address of the configuration that it is given: what\n"
    "serve or worker was given by a flag it does not know. Where roles is worker alone it asks as with\n"
    "--worker.\n\n"
    "Exit codes:\n"
    "  0    the process answered 200\n"
    "  1    it answered something else, or not in time; the message says which\n"
    "  2    the command line was refused\n"
    "  78   the configuration is wrong, or says that the process answers nowhere";

}  // namespace

void add_init(CLI::App& app, MachineCommandOptions& options, std::function<int()>& run) {
  CLI::App& command = *app.add_subcommand("init", "Write a configuration for the generators of this machine")
                           ->group("Commands");
  InitOptions& init_options = options.init;
  command.add_option("-o,--output", init_options.output, "Where the configuration goes")
      ->type_name("FILE")
      ->capture_default_str();
  command
      .add_option(
          "-m,--model", init_options.models,
          "One of the models that are found, or a server elsewhere; may be given again (otherwise all)")
      ->type_name("NAME[=URL[#MODEL]]")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("--listen", init_options.listen,
                  "Where to serve (otherwise 127.0.0.1 and the first free port from 8080 on)")
      ->type_name("ADDRESS:PORT");
  command.add_option("--redis", init_options.redis, "The Redis of a queue (otherwise there is none)")
      ->type_name("URL");
  command.add_option("--whisper-model", init_options.whisper_model, "What whisper-cli is to run with")
      ->type_name("FILE");
  command.add_option("--piper-voice", init_options.piper_voice, "What piper is to speak with")
      ->type_name("FILE");
  command.add_option("--unit", init_options.unit, "Write a unit of systemd, too")->type_name("FILE");
  command
      .add_option("--port", init_options.ports,
                  "Where on 127.0.0.1 to look for servers; may be given again (otherwise 8080, 8000, 11434)")
      ->type_name("N")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag("--force", init_options.force, "Replace a file that is there");
  command.add_flag("-y,--yes", init_options.yes, "Ask nothing");
  add_json_flag(command, init_options.json, "Print what was written as a JSON object; asks nothing");
  command.footer(kInitFooter);
  command.callback([&init_options, &run] { run = [&init_options] { return init(init_options); }; });
}

void add_doctor(CLI::App& app, MachineCommandOptions& options, std::function<int()>& run) {
  CLI::App& command =
      *app.add_subcommand("doctor",
                          "Tell what is wrong with the configuration and what it needs, and what to do")
           ->group("Commands");
  DoctorOptions& doctor_options = options.doctor;
  command
      .add_option("--user", doctor_options.user,
                  "Look with the rights of the user that the service has; only root may")
      ->type_name("NAME");
  add_json_flag(command, doctor_options.json, "Print the findings as a JSON object");
  add_setting_options(command, doctor_options.settings);
  command.footer(kDoctorFooter);
  command.callback([&doctor_options, &run] { run = [&doctor_options] { return doctor(doctor_options); }; });
}

void add_health(CLI::App& app, MachineCommandOptions& options, std::function<int()>& run) {
  CLI::App& command =
      *app.add_subcommand("health", "Tell by the exit code whether a process of this machine serves")
           ->group("Commands");
  HealthOptions& health_options = options.health;
  command
      .add_option("--url", health_options.url,
                  "The process (otherwise where the configuration says that it listens)")
      ->type_name("URL");
  command.add_flag("--worker", health_options.worker, "Ask a worker, where worker.listen says");
  command.add_flag("--ready", health_options.ready,
                   "Ask /readyz: whether it takes new generations, which needs Redis with the queue on");
  add_duration_option(command, "--timeout", "Wait this long for an answer (default 3s)",
                      [&health_options](std::chrono::milliseconds timeout) {
                        // A limit of nothing would be none.
                        if (timeout.count() == 0) throw CLI::ValidationError("--timeout", "must be over 0");
                        health_options.timeout = timeout;
                      });
  add_duration_option(command, "--wait", "Ask again for this long until it answers 200 (default: once)",
                      [&health_options](std::chrono::milliseconds wait) { health_options.wait = wait; });
  add_setting_options(command, health_options.settings);
  command.footer(kHealthFooter);
  command.callback([&health_options, &run] { run = [&health_options] { return health(health_options); }; });
}

}  // namespace shunt::app
