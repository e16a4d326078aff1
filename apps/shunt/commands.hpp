#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "namespace.hpp"
#include "shunt/flip/simulation.hpp"

namespace shunt::app {

// What every command that reads the configuration understands.
struct SettingOptions {
  std::optional<std::string> file;                         // --config
  std::vector<std::pair<std::string, std::string>> flags;  // --set NAME=VALUE and the short forms of some
};

struct ServeOptions {
  SettingOptions settings;
};

struct GenerateOptions {
  SettingOptions settings;
  std::optional<std::string> text;   // "-": from standard input
  std::optional<std::string> model;  // unset: the configured default
  std::optional<std::string> input;  // a JSON object, or @FILE
  std::vector<std::string> files;    // "MEMBER=@PATH"
  std::optional<std::string> output;
  std::optional<std::chrono::milliseconds> timeout;
  bool json = false;
};

struct ConfigCheckOptions {
  SettingOptions settings;
  bool json = false;
};

struct ConfigShowOptions {
  SettingOptions settings;
  bool json = false;
};

// Commands that ask a running service.
struct ClientOptions {
  SettingOptions settings;             // where it listens, unless:
  std::optional<std::string> url;      // --url
  std::optional<std::string> api_key;  // --api-key; otherwise $SHUNT_API_KEY
};

struct ReloadOptions {
  ClientOptions client;
  bool json = false;
};

struct ConfigDiffOptions {
  ClientOptions client;
  std::optional<std::string> from;  // compares this file with the configured one, and asks no service
  bool json = false;
};

struct HashKeyOptions {
  bool make_new = false;
  bool json = false;
};

struct StatusOptions {
  ClientOptions client;
  bool json = false;
};

struct JobsListOptions {
  ClientOptions client;
  std::optional<std::string> state;
  std::optional<std::string> model;
  std::size_t limit = 50;
  bool json = false;
};

struct JobsOptions {
  ClientOptions client;
  std::vector<std::string> ids;
  std::string reason;  // of cancel
  bool json = false;
};

// Commands about webhooks; each looks at what concerns it.
struct WebhooksOptions {
  ClientOptions client;
  std::optional<std::string> state;
  std::size_t limit = 50;
  std::string id;
  std::string url;
  std::string key;  // the name of one
  bool json = false;
};

struct ModelsOptions {
  ClientOptions client;
  std::vector<std::string> names;
  bool json = false;
};

struct FlipSimulateOptions {
  std::optional<std::string> plan;  // a file; unset: the built-in one
  flip::Scenario scenario;
  std::size_t runs = 1;
  bool json = false;
};

// Commands that ask a service for its flip; each looks at what concerns it.
struct FlipOptions {
  ClientOptions client;
  bool json = false;
  std::string move;                 // "hold": what the command is called
  std::optional<std::string> plan;  // a file
  std::string executor;             // "sync", "queue": of force
  std::string why;
  std::vector<std::string> overrides;
  std::vector<std::string> accept;  // "results", "keys"
  bool watch = false;
  bool follow = false;
  bool verify = false;
  std::optional<std::string> file;  // the audit file to verify; unset: the service's log
  std::uint64_t from = 0;           // 0: the last `count` entries
  std::size_t count = 20;
};

struct InitOptions {
  std::string output = "shunt.toml";
  std::vector<std::string> models;  // NAME, NAME=URL, NAME=URL#UPSTREAM; empty: all that is found
  std::optional<std::string> listen;
  std::optional<std::string> redis;
  std::optional<std::string> unit;  // a file for a unit of systemd
  std::optional<std::string> whisper_model;
  std::optional<std::string> piper_voice;
  std::vector<std::uint16_t> ports;  // where servers are looked for; empty: their usual ones
  bool force = false;
  bool yes = false;
  bool json = false;
};

struct DoctorOptions {
  SettingOptions settings;
  std::optional<std::string> user;  // looks as this one
  bool json = false;
};

// Of a probe: it has no key, as what it asks needs none.
struct HealthOptions {
  SettingOptions settings;                                      // where the process listens, unless:
  std::optional<std::string> url;                               // --url
  bool worker = false;                                          // asks where worker.listen says
  bool ready = false;                                           // asks /readyz
  std::chrono::milliseconds timeout = std::chrono::seconds(3);  // of one look
  std::chrono::milliseconds wait{0};                            // how long it looks again
};

struct VersionOptions {
  bool json = false;
};

// Each returns the process's exit code.
[[nodiscard]] int serve(const ServeOptions& options);
[[nodiscard]] int generate(const GenerateOptions& options);
[[nodiscard]] int config_check(const ConfigCheckOptions& options);
[[nodiscard]] int config_show(const ConfigShowOptions& options);
[[nodiscard]] int config_reference();
[[nodiscard]] int config_diff(const ConfigDiffOptions& options);
[[nodiscard]] int reload_service(const ReloadOptions& options);
[[nodiscard]] int config_hash_key(const HashKeyOptions& options);
[[nodiscard]] int status(const StatusOptions& options);
[[nodiscard]] int models_list(const ModelsOptions& options);
[[nodiscard]] int models_show(const ModelsOptions& options);
[[nodiscard]] int jobs_list(const JobsListOptions& options);
[[nodiscard]] int jobs_show(const JobsOptions& options);
[[nodiscard]] int jobs_tail(const JobsOptions& options);
[[nodiscard]] int jobs_cancel(const JobsOptions& options);
[[nodiscard]] int jobs_retry(const JobsOptions& options);
[[nodiscard]] int jobs_remove(const JobsOptions& options);
[[nodiscard]] int webhooks_list(const WebhooksOptions& options);
[[nodiscard]] int webhooks_show(const WebhooksOptions& options);
[[nodiscard]] int webhooks_redeliver(const WebhooksOptions& options);
[[nodiscard]] int webhooks_test(const WebhooksOptions& options);
[[nodiscard]] int flip_simulate(const FlipSimulateOptions& options);
[[nodiscard]] int flip_status(const FlipOptions& options);
[[nodiscard]] int flip_preflight(const FlipOptions& options);
[[nodiscard]] int flip_move(const FlipOptions& options);
[[nodiscard]] int flip_drain(const FlipOptions& options);
[[nodiscard]] int flip_may_disconnect(const FlipOptions& options);
[[nodiscard]] int flip_shadow_report(const FlipOptions& options);
[[nodiscard]] int flip_log(const FlipOptions& options);
[[nodiscard]] int init(const InitOptions& options);
[[nodiscard]] int doctor(const DoctorOptions& options);
[[nodiscard]] int health(const HealthOptions& options);
[[nodiscard]] int version(const VersionOptions& options);

}  // namespace shunt::app
