#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "shunt/api/http_server.hpp"
#include "shunt/base/log.hpp"
#include "shunt/config/namespace.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/flip/breaker.hpp"
#include "shunt/flip/model_policy.hpp"
#include "shunt/flip/record.hpp"
#include "shunt/flip/shadow.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/drivers/cog.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "shunt/generation/drivers/simulator.hpp"
#include "shunt/generation/generation_store.hpp"
#include "shunt/generation/input_rules.hpp"
#include "shunt/generation/model_registry.hpp"
#include "shunt/tracing/span_exporter.hpp"
#include "shunt/webhooks/webhook_options.hpp"

namespace shunt::config {

// A [models.NAME] table: the model's limits and what its driver needs. `model.generator` and
// `model.input_rules` are made by the binary.
// What a model's table says of the calls that it answers, by CallKind: a member of a call, and the member of
// the input that it goes to. finish_model makes Model::calls of it.
struct ConfiguredCalls {
  std::array<std::map<std::string, std::string>, 8> members;
};

struct ModelConfig {
  Model model;
  ConfiguredCalls calls;
  std::map<std::string, InputRule> input_rules;  // by member
  flip::ModelPolicy flip_policy;
  flip::ShadowOptions::Model shadow;
  std::variant<SimulatorOptions, CommandOptions, OpenAiOptions, CogOptions> driver;
};

// What a process does.
struct Roles {
  bool api = true;
  bool worker = false;
  [[nodiscard]] bool operator==(const Roles&) const = default;
};

struct WorkerSettings {
  std::vector<std::string> models;  // empty: all
  std::size_t concurrency = 0;      // of each model; 0: the model's own
  std::string name;                 // empty: host and process id
  bool serves_shadows = false;      // copies of sampled requests, too
  std::string listen_address;       // of probes and metrics; empty: nowhere
  unsigned short listen_port = 0;
};

// Where artifacts and large results lie between workers and API: in a bucket if there is one, else in a
// folder.
struct ArtifactSettings {
  std::string directory;  // empty: in the user's state directory
  // Its keys are empty: the binary takes them from where the settings below say.
  S3Options s3;
  std::string s3_access_key_env = "AWS_ACCESS_KEY_ID";
  std::string s3_secret_key_env = "AWS_SECRET_ACCESS_KEY";
  std::string s3_secret_key_file;  // instead of the variable
};

// Where callers' files lie; what they may store is in `server.files`.
struct FileStoreSettings {
  std::string directory;  // empty: beside the artifacts
  std::size_t min_free_bytes = std::size_t{1} << 30U;
};

// Spans go to a collector if either endpoint is set.
struct TracingSettings {
  std::string otlp_endpoint;         // without /v1/traces
  std::string otlp_traces_endpoint;  // whole, and instead
  std::string service_name = "shunt";
  double sample_ratio = 1;
  std::chrono::milliseconds flush_timeout = std::chrono::seconds(3);
  // Its url is empty: traces_url() says it.
  tracing::ExporterOptions exporter;
};
// Where spans go; "": nowhere.
[[nodiscard]] std::string traces_url(const TracingSettings& settings);

// Everything that can be set, with its value.
struct Configuration {
  // Out of line: where g++ 12 inlines the making and the end of something this large it takes parts of it for
  // uninitialized.
  Configuration();

  api::HttpServerOptions server;
  std::size_t threads = 0;  // event loops; 0: one a core, at most 8
  std::chrono::milliseconds shutdown_grace = std::chrono::seconds(30);
  std::size_t memory_limit = 0;  // 0: default_memory_limit()
  MemoryStoreLimits store;       // its `memory` is the binary's to set
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kText;
  std::string default_model = "speech";  // of `shunt generate`
  bool dumpable = false;  // lets debuggers look into the process, and other programs of its user
  bool queue_enabled = false;
  flip::Strategy strategy = flip::Strategy::kQueue;  // these two with queue_enabled
  flip::BreakerMode breaker = flip::BreakerMode::kMetricsOnly;
  flip::ShadowOptions shadow;   // its models are empty: the binary takes them from theirs
  std::string flip_state_file;  // this one and the next: "" = none
  std::string flip_audit_file;
  executor::QueueOptions queue;  // its redis_password is empty: the binary takes it from the file
  std::string redis_password_file;
  Roles roles;
  WorkerSettings worker;
  ArtifactSettings artifacts;
  FileStoreSettings file_store;
  TracingSettings tracing;
  webhooks::WebhookOptions webhooks;
  std::vector<ModelConfig> models;
};

// One value as it came to be, for `shunt config show`.
struct Explained {
  std::string name;   // "server.listen", "models.speech.concurrency"
  std::string value;  // as one would write it in the file; no secrets
  // "default", "shunt.toml:12", "environment SHUNT_SERVER_LISTEN", "--listen", "--set log.level"
  std::string source;
  bool live = false;          // whether reload() takes it over
  std::string fingerprint{};  // differs when the value does, also where `value` is redacted
  // The table that it stands in, of those that may come and go: "models.speech", "server.keys.ann".
  std::string table{};
  bool of_generator = false;  // of a model: its generator is made by it
  // Digest of the secrets in the files that it names, so that a new one shows. Filled in by the binary.
  std::string secrets{};
};

// A variable of the environment that was meant for a setting, and that nothing reads.
struct UnreadVariable {
  std::string name;
  std::string advice;  // "Did you mean QUEUE_ENABLED?"
  [[nodiscard]] bool operator==(const UnreadVariable&) const = default;
};

struct Loaded {
  Configuration configuration;
  std::vector<Explained> explained;  // every setting, in the order of the reference
  std::string file;                  // which file was read; "(built in)" without one
  // Environment variables that hold secrets of this configuration, set or not.
  std::vector<std::string> secret_variables;
  std::vector<UnreadVariable> unread_variables;
};

// Where values come from, the weakest first. Passed in, so that tests need no process environment.
struct Sources {
  // The file named by --config; without one SHUNT_CONFIG, ./shunt.toml, the built-in file
  // (config/shunt.toml).
  std::optional<std::string> file;
  // Value of an environment variable; an empty one counts as not set.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // The names of all variables that are set, of which those that nothing reads are told.
  std::vector<std::string> variables;
  // Flags of the command line by setting name: {"server.listen", "0.0.0.0:80"}, {"models.speech.concurrency",
  // "2"}.
  std::vector<std::pair<std::string, std::string>> flags;
};

// The built-in file: config/shunt.toml at the time of the build. A good start for one's own.
[[nodiscard]] std::string_view built_in_file() noexcept;

// Reads, checks and combines, and finds every mistake in one go, a line of the message each. The error (code
// `invalid_configuration`) names file and line, variable or flag, the value that came and what is allowed;
// for an unknown key also the nearest known one.
[[nodiscard]] Result<Loaded> load(const Sources& sources);

// A setting with another value, or a table that came or went and is named instead of all that is in it.
struct SettingChange {
  std::string name;
  // As people may see them; the same where both are secrets. Nothing for a table that was, or is, not there.
  std::optional<std::string> before;
  std::optional<std::string> after;
  bool live = false;  // false: it stays as it was until a restart
  [[nodiscard]] bool operator==(const SettingChange&) const = default;
};

enum class ModelChange {
  kAdded,
  kRemoved,
  kLimits,     // what runs it is the same
  kGenerator,  // another one runs it: another program, server, key, or input rule
};
// The table of the model of this name, as Explained has it: "models.speech".
[[nodiscard]] std::string table_of_model(std::string_view model);
[[nodiscard]] std::string_view model_change_name(ModelChange change) noexcept;

// What a reload makes of two configurations.
struct Reload {
  Loaded merged;  // what is running from now on
  std::vector<SettingChange> changes;
  std::map<std::string, ModelChange> models;  // by name; those that are as they were are not named
  std::vector<std::string> taken;             // names of changes that are live
  std::vector<std::string> kept;              // names of those that are not
};
// `running` with what is live of `fresh`: models, keys, limits, and the log's level. Pure.
[[nodiscard]] Reload reload(const Loaded& running, const Loaded& fresh);

// Tells configurations apart, in 12 digits: the same for the same values of all settings, wherever they came
// from.
[[nodiscard]] std::string digest_of(const Loaded& loaded);

// docs/configuration.md, from the table of settings.
[[nodiscard]] std::string reference_markdown();

}  // namespace shunt::config
