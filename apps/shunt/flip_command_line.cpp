#include "flip_command_line.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <map>
#include <string>

#include "command_options.hpp"
#include "shunt/flip/audit.hpp"
#include "shunt/flip/record.hpp"

namespace shunt::app {
namespace {

using Run = std::function<int()>;

constexpr const char* kFlipSimulateFooter =
    "Examples:\n"
    "  shunt flip simulate\n"
    "  shunt flip simulate plan.toml --rate 50 --errors 1% --then 4% --from 25%\n"
    "  shunt flip simulate --errors 2% --runs 1000\n\n"
    "Runs the functions that move a fleet on a simulated clock and asks no service. What is not said about "
    "the\n"
    "queue is as in sync mode. The same seed tells the same story.\n\n"
    "Exit codes:\n"
    "  0    the story was told, whatever its end\n"
    "  2    the command line was refused\n"
    "  78   the plan is wrong; the message names the line";

constexpr const char* kFlipFooter =
    "Examples:\n"
    "  shunt flip status                                  where it is, why, and what happens next\n"
    "  shunt flip preflight                               whether it may go up\n"
    "  shunt flip start --why \"before the sale\"           the built-in plan; --plan plan.toml for another\n"
    "  shunt flip hold                                    keep the weight until somebody has looked\n"
    "  shunt flip abort                                   new work runs in sync at once\n"
    "  shunt flip force sync                              the same, and nothing moves: works without Redis\n"
    "  shunt flip drain --watch && shunt flip may-disconnect\n\n"
    "Each command asks one API process of the fleet, and prints what leads back. What changes the fleet "
    "needs "
    "an\n"
    "API key with the scope admin or, where the service has no keys, has to be asked on its machine.\n\n"
    "Exit codes:\n"
    "  0    it worked; preflight: nothing fails; may-disconnect: yes; log --verify: it is whole\n"
    "  1    the service refused it or cannot be reached; preflight: something fails; may-disconnect: no;\n"
    "       log --verify: it was changed\n"
    "  2    the command line was refused; nothing has been asked\n"
    "  3    it is done where it was asked, but not every process of the fleet is known to act on it\n"
    "  78   the configuration or the plan is wrong\n"
    "  130  drain --watch, log --follow: interrupted";

// A share as in "4%".
template <typename Set>
void add_share(CLI::App& command, const std::string& name, Set set, const std::string& help) {
  command
      .add_option_function<std::string>(
          name,
          [name, set](const std::string& text) {
            const auto share = flip::Weight::parse(text);
            if (!share)
              throw CLI::ValidationError(name, "expected a share as in 4% or 0.25%, got \"" + text + '"');
            set(*share);
          },
          help)
      ->type_name("SHARE");
}

void add_simulate(CLI::App& flip, FlipCommandOptions& parsed, Run& run) {
  using Person = flip::Scenario::Person;
  CLI::App& command = *flip.add_subcommand("simulate", "Tell what a rollout by a plan would do, and when");
  FlipSimulateOptions& options = parsed.simulate;
  flip::Scenario& scenario = options.scenario;
  command.add_option("PLAN", options.plan, "The plan, as TOML (otherwise the built-in one)")->type_name(" ");
  command.add_option("--rate", scenario.per_minute, "Generations a minute")
      ->type_name("N")
      ->check(CLI::Range(0.0, flip::kMostPerMinute))
      ->capture_default_str();
  add_share(
      command, "--errors", [&scenario](flip::Weight share) { scenario.errors = share.fraction(); },
      "How many of them fail, wherever they run (default 1%)");
  add_share(
      command, "--then", [&scenario](flip::Weight share) { scenario.then_errors = share.fraction(); },
      "How many fail on the queue, if that differs");
  command.add_option("--slower", scenario.then_slower, "How many times as long the queue takes")
      ->type_name("FACTOR")
      ->check(CLI::Range(0.01, 100.0));
  add_share(
      command, "--from", [&scenario](flip::Weight share) { scenario.then_from = share; },
      "From which weight on --then and --slower are so (default: the first)");
  command.add_option("--on-hold", scenario.person, "What the person does who is asked about a held step")
      ->type_name("wait|resume|abort")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Person>{
          {"wait", Person::kWaits}, {"resume", Person::kResumes}, {"abort", Person::kAborts}}));
  command.add_option("--seed", scenario.seed, "Of the random numbers")->type_name("N")->capture_default_str();
  command
      .add_option("--runs", options.runs, "So many rollouts with the seeds from --seed on, and how they end")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  add_json_flag(command, options.json, "Print one JSON object");
  command.footer(kFlipSimulateFooter);
  command.callback([&options, &run] { run = [&options] { return flip_simulate(options); }; });
}

// What a command of `shunt flip` has that asks a service.
CLI::App& add_asking(CLI::App& flip, FlipOptions& options, Run& run, const char* name, const char* help,
                     int (*command)(const FlipOptions&)) {
  CLI::App& made = *flip.add_subcommand(name, help);
  add_client_options(made, options.client);
  add_json_flag(made, options.json, "Print what the service told as one JSON object");
  made.footer(kFlipFooter);
  made.callback([&options, &run, command, name = std::string(name)] {
    options.move = name;
    run = [&options, command] { return command(options); };
  });
  return made;
}

enum class Overrides { kNone, kTaken };

CLI::App& add_move(CLI::App& flip, FlipOptions& options, Run& run, const char* name, const char* help,
                   Overrides overrides) {
  CLI::App& made = add_asking(flip, options, run, name, help, flip_move);
  made.add_option("--why", options.why, "The reason, for the log and whoever comes next")
      ->type_name("TEXT")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return text.size() <= flip::kMaxWhyBytes
                       ? std::string()
                       : "at most " + std::to_string(flip::kMaxWhyBytes) + " bytes";
          },
          ""));
  if (overrides == Overrides::kNone) return made;
  made.add_option("--override", options.overrides,
                  "What may fail all the same, by its name in the preflight, or cool_down; repeatable, on "
                  "record")
      ->type_name("NAME")
      ->expected(1, static_cast<int>(flip::kMaxOverrides))
      ->allow_extra_args(false);
  return made;
}

void add_moves(CLI::App& flip, FlipOptions& options, Run& run) {
  CLI::App& start =
      add_move(flip, options, run, "start", "Begin a rollout: off to dark, or dark anew with another plan",
               Overrides::kTaken);
  start.add_option("--plan", options.plan, "The plan, as TOML (otherwise the built-in one)")
      ->type_name("FILE");
  add_move(flip, options, run, "promote", "One step up without waiting for its gate", Overrides::kTaken);
  add_move(flip, options, run, "hold", "Keep the weight until somebody resumes it", Overrides::kNone);
  add_move(flip, options, run, "resume", "Go on from where it was held", Overrides::kTaken);
  add_move(flip, options, run, "back", "One step of the canary down", Overrides::kNone);
  add_move(flip, options, run, "abort", "Weight 0 at once: new work runs in sync, the queue drains",
           Overrides::kNone);
  CLI::App& force =
      add_move(flip, options, run, "force",
               "Send everything to one executor; nothing moves until it is released", Overrides::kTaken);
  force.add_option("EXECUTOR", options.executor, "sync or queue")
      ->required()
      ->type_name(" ")
      ->check(CLI::IsMember({"sync", "queue"}));
  add_move(flip, options, run, "release", "End a force: back to where the rollout was", Overrides::kTaken);
}

void add_log(CLI::App& flip, FlipOptions& options, Run& run) {
  CLI::App& log = add_asking(flip, options, run, "log", "Tell who moved the fleet, when and why", flip_log);
  log.add_option("-n,--count", options.count, "How many of the last entries")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  log.add_option("--from", options.from, "From this entry on instead")->type_name("N");
  CLI::Option& follow = *log.add_flag("--follow", options.follow, "Go on with what comes, until Ctrl-C");
  CLI::Option& verify =
      *log.add_flag("--verify", options.verify, "Look whether the whole log is there and unchanged instead");
  CLI::Option& file = *log.add_option(
      "--file", options.file, "With --verify: the file that flip.audit_file names, without a service");
  file.type_name("FILE")->needs(&verify);
  follow.excludes(&verify);
}

}  // namespace

void add_flip(CLI::App& app, FlipCommandOptions& options, std::function<int()>& run) {
  CLI::App& flip =
      *app.add_subcommand("flip", "Take a fleet from sync to the queue and back, watched and on record")
           ->group("Commands");
  flip.require_subcommand(1);
  flip.footer(kFlipFooter);
  FlipOptions& asked = options.flip;
  add_asking(flip, asked, run, "status", "Tell where the fleet is, why, and what happens next", flip_status);
  CLI::App& preflight = add_asking(flip, asked, run, "preflight",
                                   "Tell row by row whether the fleet may go up", flip_preflight);
  preflight.add_option("--plan", asked.plan, "Of a plan that has not been started, as TOML")
      ->type_name("FILE");
  add_moves(flip, asked, run);
  CLI::App& drain = add_asking(flip, asked, run, "drain", "Tell what is still in the queue", flip_drain);
  drain.add_flag("--watch", asked.watch, "Until it is empty");
  CLI::App& may_disconnect = add_asking(flip, asked, run, "may-disconnect",
                                        "Tell whether Redis may be taken away", flip_may_disconnect);
  may_disconnect
      .add_option("--accept", asked.accept, "What may be lost: results, keys, or both with a comma")
      ->type_name("WHAT")
      ->delimiter(',')
      ->check(CLI::IsMember({"results", "keys"}))
      ->allow_extra_args(false);
  add_asking(flip, asked, run, "shadow-report", "Tell how copies in the shadow compare with what callers got",
             flip_shadow_report);
  add_log(flip, asked, run);
  add_simulate(flip, options, run);
}

}  // namespace shunt::app
