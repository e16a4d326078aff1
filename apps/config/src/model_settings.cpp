#include <chrono>

#include "settings_table.hpp"
#include "shunt/config/redact.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using kind::Bytes;
using kind::Choice;
using kind::Count;
using kind::Duration;
using kind::Maybe;
using kind::Real;
using kind::Switch;
using kind::Text;
using kind::TextList;
using kind::TextMap;

Choice<CommandOptions::InputMode> input_modes() {
  using Mode = CommandOptions::InputMode;
  return {{{"none", Mode::kNone},
           {"stdin_json", Mode::kStdinJson},
           {"stdin_text", Mode::kStdinText},
           {"file", Mode::kFile}}};
}

Choice<CommandOptions::OutputMode> output_modes() {
  using Mode = CommandOptions::OutputMode;
  return {{{"text", Mode::kText}, {"json", Mode::kJson}, {"artifact", Mode::kArtifact}}};
}

Choice<CommandOptions::Confine> confinements() {
  using Confine = CommandOptions::Confine;
  return {{{"auto", Confine::kAuto},
           {"files", Confine::kFiles},
           {"processes", Confine::kProcesses},
           {"off", Confine::kOff}}};
}

auto limit(std::size_t OutputLimits::* member) {
  return through(&Model::output, member);
}

}  // namespace

const std::vector<Setting<Model>>& model_settings() {
  static const std::vector<Setting<Model>> kSettings = {
      setting<Model>("description", Text{}, &Model::description, "For people; `GET /v1/models` shows it."),
      setting<Model>("concurrency", Count{1, 100'000}, &Model::concurrency, "Generations running at once."),
      setting<Model>("max_waiting", Count{0, 1'000'000}, &Model::max_waiting,
                     "Generations waiting for their turn; further ones get 429 with `Retry-After`."),
      setting<Model>("timeout", Duration{1ms, 24h * 30}, &Model::timeout,
                     "A generation's deadline; a request may ask for a shorter one."),
      setting<Model>(
          "stop_grace", Duration{0ms, 1h}, &Model::stop_grace,
          "After a cancel or the deadline: time to wind down before the generation is ended regardless."),
      setting<Model>(
          "on_disconnect",
          Choice<OnDisconnect>{{{"cancel", OnDisconnect::kCancel}, {"continue", OnDisconnect::kContinue}}},
          &Model::on_disconnect, "What becomes of a generation whose waiting client has gone."),
      setting<Model>(
          "on_lost", Choice<OnLost>{{{"rerun", OnLost::kRerun}, {"fail", OnLost::kFail}}}, &Model::on_lost,
          "What becomes of a generation whose worker is lost while it runs: `rerun` runs it again (at least "
          "once), `fail` ends it with `worker_lost` and never runs it twice (at most once), for what costs "
          "money (docs/delivery.md)."),
      setting<Model>("text_field", Text{}, &Model::text_field,
                     "The member of `input` that plain text goes to (`shunt generate \"text\"`)."),
      setting<Model>("unlisted_input", unlisted_kinds(), &Model::unlisted_input,
                     "What becomes of members of `input` that have no rule."),
      setting<Model>(
          "produces", TextList{}, &Model::produces,
          "Media types of its artifacts, so that a request whose `Accept` asks for others is refused before "
          "it runs."),
      setting<Model>("limits.max_text_bytes", Bytes{0}, limit(&OutputLimits::max_text_bytes),
                     "Text of a generation; more fails it with `output_too_large`, as do the next five."),
      setting<Model>("limits.max_message_bytes", Bytes{0}, limit(&OutputLimits::max_message_bytes),
                     "What it says beside text: reasoning, tool calls, log probabilities, audio, images."),
      setting<Model>("limits.max_artifact_bytes", Bytes{0}, limit(&OutputLimits::max_artifact_bytes),
                     "All its artifacts together."),
      setting<Model>("limits.max_artifacts", Count{0, 100'000}, limit(&OutputLimits::max_artifacts),
                     "Number of its artifacts."),
      setting<Model>("limits.max_result_bytes", Bytes{0}, limit(&OutputLimits::max_result_bytes),
                     "Its JSON result."),
      setting<Model>(
          "limits.max_events", Count{16, 100'000'000}, limit(&OutputLimits::max_events),
          "From this many events on, text is joined into larger pieces, and progress and logs are dropped."),
      setting<Model>("limits.max_log_events", Count{0, 100'000'000}, limit(&OutputLimits::max_log_events),
                     "Log lines kept of a generation."),
  };
  return kSettings;
}

const std::vector<Setting<CommandOptions>>& command_settings() {
  using Options = CommandOptions;
  static const std::vector<Setting<Options>> kSettings = {
      setting<Options>(
          "argv", TextList{Text::Empty::kRefused}, &Options::argv,
          "The program and its arguments; no shell. Placeholders: `{input.NAME}`, `{input_file}`, "
          "`{output_file}`, `{id}`, `{model}`; `{{` and `}}` mean braces. Each `{input.NAME}` needs an input "
          "rule.")
          .required(),
      setting<Options>(
          "defaults", TextMap{}, &Options::defaults,
          "Values of `{input.NAME}` when the input has no such member. They keep the rules, too."),
      setting<Options>(
          "input_mode", input_modes(), &Options::input,
          "How the input reaches the program: not at all, as JSON or as one member's text on standard "
          "input, or as JSON in `{input_file}`."),
      setting<Options>("input_text_field", Text{Text::Empty::kRefused}, &Options::input_text_field,
                       "Which member `stdin_text` writes."),
      setting<Options>(
          "output", output_modes(), &Options::output,
          "What the program prints: text that streams as it comes, one JSON result, or the bytes of an "
          "artifact (or it writes them to `{output_file}`)."),
      setting<Options>("artifact_name", Text{Text::Empty::kRefused}, &Options::artifact_name,
                       "The artifact's name, and that of `{output_file}`, so that a program that goes by the "
                       "extension finds it."),
      setting<Options>("artifact_media_type", Text{Text::Empty::kRefused}, &Options::artifact_media_type,
                       "The artifact's media type."),
      setting<Options>("pass_environment", TextList{}, &Options::pass_environment,
                       "Variables that the program gets from Shunt's environment. It gets no others."),
      setting<Options>("set_environment", TextMap{}, &Options::set_environment,
                       "Further variables of the program.")
          .secret([](const Options& o) { return names_alone(o.set_environment); }),
      setting<Options>("working_directory", Text{}, &Options::working_directory,
                       "Where the program runs. Empty: a fresh temporary folder, removed afterwards."),
      setting<Options>(
          "confine", confinements(), &Options::confine,
          "What the kernel (Landlock) keeps the program from. `files`: all files but the system's "
          "programs, its own folder and the two lists below, and all that `processes` does. "
          "`processes`: reading, tracing and signalling others than its own. `auto`: `files` when there "
          "is a list, else `processes`."),
      setting<Options>("read_paths", TextList{Text::Empty::kAllowed}, &Options::read_paths,
                       "Folders and files that the program may read and execute, as absolute paths."),
      setting<Options>("write_paths", TextList{Text::Empty::kAllowed}, &Options::write_paths,
                       "Folders and files that it may read and write, but not execute."),
      setting<Options>(
          "stderr_to_caller", Switch{}, &Options::stderr_to_caller,
          "Whether callers see the program's standard error: as log events, and its end in the error of "
          "a failure. It may quote what the program has read. The log of the process has it either way."),
      setting<Options>("kill_after", Duration{1ms, 1h}, &Options::kill_after,
                       "From SIGTERM to SIGKILL, for the program and all that it started."),
      setting<Options>("keep", Count{0, 1024, "a program a generation"}, &Options::keep,
                       "Programs that stay and take one generation after the other, as lines of JSON on "
                       "standard input; `concurrency` is then at most as many, and as many by default."),
      setting<Options>("ready_timeout", Duration{1ms, 24h}, &Options::ready_timeout,
                       "From the start of a program that stays to its `ready`. This and the next four "
                       "settings are for `keep`."),
      setting<Options>("cancel_grace", Duration{1ms, 1h}, &Options::cancel_grace,
                       "From the `cancel` of a generation, or the end of the input, to SIGTERM."),
      setting<Options>("recycle_after", Count{0, 1'000'000'000, "never"}, &Options::recycle_after,
                       "Generations after which a program ends and another one takes its place."),
      setting<Options>("recycle_memory_bytes", Maybe<Bytes>{{1 << 20}}, &Options::recycle_memory_bytes,
                       "Or the resident memory that it has at the end of a generation."),
      setting<Options>("max_line_bytes", Bytes{1024, 1 << 30}, &Options::max_line_bytes,
                       "A line of its standard output; a longer one ends it."),
      setting<Options>("max_memory_bytes", Maybe<Bytes>{{1 << 20}}, &Options::max_memory_bytes,
                       "Address space of a process (RLIMIT_AS)."),
      setting<Options>("max_cpu", Maybe<kind::DurationAs<std::chrono::seconds>>{{Duration{1s, 24h * 30}}},
                       &Options::max_cpu, "CPU time of a process (RLIMIT_CPU), in whole seconds."),
      setting<Options>("max_output_bytes", Bytes{1}, &Options::max_output_bytes,
                       "What the program may print or write to a file."),
      setting<Options>("max_stderr_line_bytes", Bytes{16, 1 << 20}, &Options::max_stderr_line_bytes,
                       "Lines of standard error are cut to this."),
  };
  return kSettings;
}

const std::vector<Setting<SimulatorOptions>>& simulator_settings() {
  using Options = SimulatorOptions;
  using Time = kind::DurationAs<std::chrono::microseconds>;
  static const std::vector<Setting<Options>> kSettings = {
      setting<Options>("tokens", Count{0, 100'000'000}, &Options::tokens,
                       "Tokens of a generation; `input.tokens` overrides it."),
      setting<Options>("first_token", Time{Duration{0ms, 24h}}, &Options::first_token,
                       "Time to the first token."),
      setting<Options>("token_gap", Time{Duration{0ms, 24h}}, &Options::token_gap, "Time between tokens."),
      setting<Options>("spread", Real{0, 1}, &Options::spread,
                       "Share by which both times vary, each way; the seed decides."),
      setting<Options>("failure_rate", Real{0, 1}, &Options::failure_rate,
                       "Share of generations that fail part of the way."),
      setting<Options>("result_bytes", Bytes{0, kind::kUnlimited, "no artifact"}, &Options::result_bytes,
                       "Size of an artifact beside the text."),
      setting<Options>("max_tokens", Count{1, 100'000'000}, &Options::max_tokens,
                       "Upper bound of `input.tokens`."),
      setting<Options>("max_result_bytes", Bytes{0}, &Options::max_result_bytes,
                       "Upper bound of `input.result_bytes`."),
  };
  return kSettings;
}

}  // namespace shunt::config
