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

// Names stay visible, values do not: they are often credentials.
std::string shown_names(const TextMap::Value& given) {
  TextMap::Value shown = given;
  for (auto& [name, value] : shown) value = "(set)";
  return TextMap{}.show(shown);
}

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
      setting<Model>("text_field", Text{}, &Model::text_field,
                     "The member of `input` that plain text goes to (`shunt generate \"text\"`)."),
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
          .secret([](const Options& o) { return shown_names(o.set_environment); }),
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

const std::vector<Setting<OpenAiOptions>>& openai_settings() {
  using Options = OpenAiOptions;
  static const std::vector<Setting<Options>> kSettings = {
      setting<Options>("base_url", Text{Text::Empty::kRefused}, &Options::base_url,
                       "The server, as in `http://127.0.0.1:8000/v1`; `/chat/completions` is added.")
          .secret([](const Options& o) { return in_quotes(redacted_url(o.base_url)); })
          .required(),
      setting<Options>("model", Text{Text::Empty::kRefused}, &Options::model,
                       "The server's name for the model.")
          .required(),
      setting<Options>("api_key_env", Text{}, &Options::api_key_env,
                       "The environment variable that holds the server's key."),
      setting<Options>("api_key_file", Text{}, &Options::api_key_file,
                       "Or the file that holds it. At most one of the two."),
      setting<Options>(
          "api_key_header", Text{Text::Empty::kRefused}, &Options::api_key_header,
          "The header that carries it: `Authorization` as a bearer token, any other one as it is "
          "(Azure: `api-key`)."),
      setting<Options>("headers", TextMap{}, &Options::headers, "Further headers of each request.")
          .secret([](const Options& o) { return shown_names(o.headers); }),
      setting<Options>("headers_env", TextMap{}, &Options::headers_env,
                       "Headers whose values are in environment variables, by the variables' names."),
      setting<Options>("headers_file", TextMap{}, &Options::headers_file,
                       "Headers whose values are in files, by their paths."),
      setting<Options>("query", TextMap{}, &Options::query,
                       "Parameters of the address, as in `{ api-version = \"2024-10-21\" }`.")
          .secret([](const Options& o) { return shown_names(o.query); }),
      setting<Options>("include_usage", kind::Switch{}, &Options::include_usage,
                       "Whether the server is asked for its token counts (`stream_options.include_usage`). "
                       "Some refuse what they do not know."),
      setting<Options>("proxy", Text{}, &Options::proxy,
                       "An HTTP proxy, as in `http://proxy:3128`. `http_proxy` and its like are ignored.")
          .secret([](const Options& o) { return in_quotes(redacted_url(o.proxy)); }),
      setting<Options>("connect_timeout", Duration{1ms, 1h}, &Options::connect_timeout,
                       "Name look-up, TCP and TLS."),
      setting<Options>("first_byte_timeout", Duration{1ms, 24h}, &Options::first_byte_timeout,
                       "From then to the first byte of the answer's body."),
      setting<Options>("idle_timeout", Duration{1ms, 24h}, &Options::idle_timeout,
                       "Between two pieces of the answer."),
      setting<Options>("max_retries", Count{0, 100}, &Options::max_retries,
                       "Further attempts, only before an answer's first byte."),
      setting<Options>("retry_backoff", Duration{0ms, 1h}, &Options::retry_backoff,
                       "Before the first retry; doubles with each, with jitter."),
      setting<Options>("max_retry_after", Duration{0ms, 24h}, &Options::max_retry_after,
                       "A server that asks for a longer wait is not waited for."),
      setting<Options>(
          "max_loading_wait", Duration{0ms, 24h}, &Options::max_loading_wait,
          "A server that answers 503 because it loads its model is asked again for so long, within "
          "the deadline and without using up retries."),
      setting<Options>("max_response_bytes", Bytes{1}, &Options::max_response_bytes,
                       "The answer as it travels."),
      setting<Options>("error_excerpt_bytes", Bytes{0, 1 << 20}, &Options::error_excerpt_bytes,
                       "Of a failed answer's body, kept in the error's details."),
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
