#include <chrono>
#include <tuple>

#include "general_setting.hpp"
#include "settings_table.hpp"
#include "shunt/http/web_names.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using kind::Bytes;
using kind::Choice;
using kind::Count;
using kind::Duration;
using kind::Switch;
using kind::Text;

using General = Setting<Configuration>;

template <typename Value>
auto server(Value api::HttpServerOptions::* member) {
  return through(&Configuration::server, member);
}

template <typename Value>
auto store(Value MemoryStoreLimits::* member) {
  return through(&Configuration::store, member);
}

// One text in the file, two members in the options.
General listen_setting() {
  const kind::ListenAddress address;
  General made;
  made.text = {
      .name = "server.listen",
      .environment = variable_of("server.listen"),
      .flag = "--listen",
      .type = address.type(),
      .allowed = address.allowed(),
      .doc =
          "Where to serve. Port 0 takes any free one. An address that other machines can reach needs "
          "`[[server.keys]]` or `server.allow_unauthenticated`."};
  made.read = [address](Configuration& c, const Node& given) {
    auto value = address.read(given);
    if (!value) return false;
    std::tie(c.server.address, c.server.port) = *value;
    return true;
  };
  made.show = [address](const Configuration& c) { return address.show({c.server.address, c.server.port}); };
  made.text.default_value = made.show(defaults<Configuration>());
  return made;
}

void add_server(std::vector<General>& to) {
  to.push_back(listen_setting());
  to.push_back(general("server.threads", Count{0, 256, "one a core, at most 8"}, &Configuration::threads,
                       "Event loops, each a thread that serves its own connections.")
                   .with_flag("--threads"));
  to.push_back(general(
      "server.allow_unauthenticated", Switch{}, server(&api::HttpServerOptions::allow_unauthenticated),
      "Serve a public address without keys. For networks where something else keeps strangers out."));
  to.push_back(
      general(
          "server.max_connections", Count{1, 1'000'000}, server(&api::HttpServerOptions::max_connections),
          "Open connections at once. A further one takes the place of the one that has waited longest for "
          "its next request; where each has one under way, it gets 503 with `Retry-After`, but for probes.")
          .live());
  to.push_back(
      general("server.max_connections_per_address", Count{0, 1'000'000, "no limit"},
              server(&api::HttpServerOptions::max_connections_per_address),
              "Connections of one address (IPv6: of a network of 64 bits) that have not shown a valid API "
              "key; further ones get 503.")
          .live());
  to.push_back(general("server.max_header_bytes", Bytes{1024, 1 << 20},
                       server(&api::HttpServerOptions::max_header_bytes),
                       "Request line and headers of a request; larger ones get 431.")
                   .live());
  to.push_back(general("server.max_body_bytes", Bytes{1, std::size_t{1} << 30U},
                       server(&api::HttpServerOptions::max_body_bytes),
                       "Body of a request; larger ones get 413.")
                   .live());
  to.push_back(general("server.max_json_depth", Count{1, kMaxJsonDepth},
                       server(&api::HttpServerOptions::max_json_depth),
                       "How deep arrays and objects of a body may nest; deeper ones get 400.")
                   .live());
  to.push_back(general("server.max_json_members", Count{1, 1'000'000},
                       server(&api::HttpServerOptions::max_json_members),
                       "Members of one object of a body; more get 400.")
                   .live());
  to.push_back(
      general("server.max_metadata_bytes", Bytes{2, 1 << 20},
              server(&api::HttpServerOptions::max_metadata_bytes),
              "`options.metadata` of a request as JSON; more gets 422. It comes back with every record.")
          .live());
}

void add_server_neighbours(std::vector<General>& to) {
  to.push_back(
      general("server.allowed_hosts",
              kind::NamesOf{http::is_host, "list of hosts", R"(["api", "shunt.example.com"])"},
              server(&api::HttpServerOptions::allowed_hosts),
              "Names that requests may be sent to while there are no `[[server.keys]]`, beside IP addresses "
              "and localhost; others get 421, so that no web page gets in under a name of its own (DNS "
              "rebinding).")
          .live());
  to.push_back(
      general(
          "server.cors_origins",
          kind::NamesOf{http::is_origin, "list of origins", R"(["https://app.example.com"])"},
          server(&api::HttpServerOptions::cors_origins),
          "Web pages of other origins that may use the API from a browser (CORS); without keys, requests of "
          "all others get 403.")
          .live());
  to.push_back(
      general("server.trusted_proxies",
              kind::NamesOf{http::is_address_range, "list of address ranges", R"(["10.0.0.0/8", "::1"])"},
              server(&api::HttpServerOptions::trusted_proxies),
              "Proxies whose `X-Forwarded-For` (or `Forwarded`) tells who the client is; for "
              "`server.max_connections_per_address`.")
          .live());
}

void add_server_times(std::vector<General>& to) {
  to.push_back(general("server.header_timeout", Duration{10ms, 1h},
                       server(&api::HttpServerOptions::header_timeout),
                       "From a request's first byte to the end of its headers.")
                   .live());
  to.push_back(general("server.body_timeout", Duration{10ms, 24h},
                       server(&api::HttpServerOptions::body_timeout),
                       "From the end of the headers to the end of the body.")
                   .live());
  to.push_back(
      general("server.idle_timeout", Duration{10ms, 24h}, server(&api::HttpServerOptions::idle_timeout),
              "How long a connection may wait for its next request. Keep it above that of a proxy in front.")
          .live());
  to.push_back(general("server.write_timeout", Duration{10ms, 24h},
                       server(&api::HttpServerOptions::write_timeout),
                       "How long a client may take none of its response before it is given up.")
                   .live());
  to.push_back(general("server.sse_heartbeat", Duration{10ms, 1h},
                       server(&api::HttpServerOptions::sse_heartbeat),
                       "A quiet event stream sends a comment this often, so that proxies keep it open.")
                   .live());
  to.push_back(general("server.half_close_grace", Duration{0ms, 1h},
                       server(&api::HttpServerOptions::half_close_grace),
                       "A client that closed its sending side counts as still reading for this long.")
                   .live());
  to.push_back(general("server.retry_grace", Duration{0ms, 1h}, server(&api::HttpServerOptions::retry_grace),
                       "OpenAI's and Replicate's clients send a request again when its connection breaks; "
                       "the generation is cancelled only when nothing has joined it for so long.")
                   .live());
  to.push_back(general("server.wait_deadline", Duration{0ms, 24h},
                       server(&api::HttpServerOptions::wait_deadline),
                       "The longest that a request waits for its generation; then it gets 504 with the "
                       "generation's link (202 "
                       "with "
                       "`Prefer`), and the generation goes on. Set it below the timeout of a proxy in front. "
                       "0ms: until the "
                       "generation ends, at its own timeout at the latest.")
                   .live());
  to.push_back(general("server.public_url", kind::HttpAddress{}, server(&api::HttpServerOptions::public_url),
                       "What URLs in answers begin with, as `https://shunt.example.com`: where a proxy in "
                       "front speaks TLS. Empty: `http://` and what the request's `Host` says.")
                   .live());
  to.push_back(
      general("server.url_secret", Text{}, server(&api::HttpServerOptions::url_secret),
              "What signs the URLs that are opened without an API key (docs/replicate.md), at least "
              "16 bytes. All API processes of a fleet need the same one. Empty: a random one of each "
              "process, so that its URLs hold there alone, and until it ends.")
          .secret([](const Configuration& c) {
            return std::string(c.server.url_secret.empty() ? "\"\"" : "(set)");
          }));
}

void add_process(std::vector<General>& to) {
  to.push_back(general("shutdown.grace", Duration{0ms, 24h}, &Configuration::shutdown_grace,
                       "After SIGTERM: time for running generations to finish before they are cancelled."));
  to.push_back(general("log.level",
                       Choice<log::Level>{{{"debug", log::Level::kDebug},
                                           {"info", log::Level::kInfo},
                                           {"warn", log::Level::kWarn},
                                           {"error", log::Level::kError},
                                           {"off", log::Level::kOff}}},
                       &Configuration::log_level,
                       "The least important lines that are written. `debug` has each request.")
                   .live());
  to.push_back(general("log.format",
                       Choice<log::Format>{{{"text", log::Format::kText}, {"json", log::Format::kJson}}},
                       &Configuration::log_format, "`json` writes one object a line, for log collectors."));
  to.push_back(
      general("debug.dumpable", Switch{}, &Configuration::dumpable,
              "Let debuggers, core dumps and every program of the same user look into the process, whose "
              "memory has passwords, keys and payloads. Off unless you are looking for a fault."));
  to.push_back(
      general("default_model", Text{Text::Empty::kRefused}, &Configuration::default_model,
              "The model of `shunt generate` without `--model`. When it is not set and there is no model "
              "`speech`: the first one of the file.")
          .live());
}

void add_memory(std::vector<General>& to) {
  to.push_back(general(
      "memory.limit",
      Bytes{std::size_t{16} << 20U, kind::kUnlimited,
            "512MiB, or what the cgroup allows where that is lower"},
      &Configuration::memory_limit,
      "Memory of everything that callers can make grow: requests, open and finished generations, idempotency "
      "keys, unread answers and streams, artifacts on their way, output of programs and upstreams. Each has "
      "a "
      "share; what does not fit its share gets 503 `overloaded` with `Retry-After`. The process itself needs "
      "about 30 MiB beside it."));
}

void add_store(std::vector<General>& to) {
  to.push_back(general(
      "store.max_generations", Count{1, 10'000'000}, store(&MemoryStoreLimits::max_generations),
      "Generations kept. Finished ones make room, the ones that ended first first; then they get 410."));
  to.push_back(
      general("store.max_bytes", Bytes{1 << 20, kind::kUnlimited, "a quarter of memory.limit"},
              store(&MemoryStoreLimits::max_bytes),
              "Memory of finished generations: text, results and artifacts; at most three quarters of "
              "`memory.limit`. The caller who holds most makes room first."));
  to.push_back(general("store.max_age", Duration{1s}, store(&MemoryStoreLimits::max_age),
                       "How long a finished generation can be read."));
  to.push_back(general(
      "store.max_claims", Count{0, 10'000'000, "as many as fit an eighth of memory.limit, at 72 bytes each"},
      store(&MemoryStoreLimits::max_claims),
      "Idempotency keys remembered, and never more than fit. A fifth is kept for callers with "
      "few; when nothing may make room, requests with a new key get 503 `claims_full`."));
  to.push_back(general("store.min_claim_age", Duration{0ms}, store(&MemoryStoreLimits::min_claim_age),
                       "How long after its generation's end an idempotency key is certain to lead to it. "
                       "After that the same caller's newer keys may take its place."));
  to.push_back(general("store.max_claim_age", Duration{1s}, store(&MemoryStoreLimits::max_claim_age),
                       "How long after its generation's end an idempotency key leads to it at most."));
  to.push_back(general(
      "store.max_tombstones", Count{0, 10'000'000}, store(&MemoryStoreLimits::max_tombstones),
      "Ids of evicted generations remembered, so that they get 410 rather than 404 (64 bytes each)."));
}

std::vector<General> make_general_settings() {
  std::vector<General> made;
  add_server(made);
  add_server_neighbours(made);
  add_server_times(made);
  add_process(made);
  add_memory(made);
  add_store(made);
  for (General& setting : queue_settings()) made.push_back(std::move(setting));
  for (General& setting : flip_settings()) made.push_back(std::move(setting));
  for (General& setting : artifact_settings()) made.push_back(std::move(setting));
  for (General& setting : file_settings()) made.push_back(std::move(setting));
  for (General& setting : batch_settings()) made.push_back(std::move(setting));
  for (General& setting : tracing_settings()) made.push_back(std::move(setting));
  for (General& setting : webhook_settings()) made.push_back(std::move(setting));
  return made;
}

std::vector<Setting<api::ApiKey>> own_key_settings() {
  using api::ApiKey;
  return {
      setting<ApiKey>(
          "name", Text{Text::Empty::kRefused}, &ApiKey::name,
          "Who this is: generations belong to the caller `key:NAME`, and callers see only their own.")
          .required(),
      setting<ApiKey>(
          "sha256", kind::Sha256{}, &ApiKey::sha256_hex,
          "SHA-256 of the key; `shunt config hash-key` prints it. The key itself is never written down.")
          .secret([](const ApiKey& key) { return key.sha256_hex.empty() ? "" : "(set)"; }),
      setting<ApiKey>("sha256_file", Text{}, &ApiKey::sha256_file,
                      "Or the file that holds it, as a secret that is mounted. One of the two is needed."),
      setting<ApiKey>("max_concurrent", Count{0, 1'000'000, "no limit"}, &ApiKey::max_concurrent,
                      "Requests under way at once; further ones get 429."),
      setting<ApiKey>("max_open", Count{0, 1'000'000, "as max_concurrent"}, &ApiKey::max_open,
                      "Generations that have not ended, waited for or with `Prefer: respond-async`; further "
                      "requests get 429."),
      setting<ApiKey>("requests_per_second", kind::Real{0, 1e6, "no limit"}, &ApiKey::requests_per_second,
                      "Requests a second on average; further ones get 429 with `Retry-After`."),
      setting<ApiKey>("burst", Count{0, 1'000'000, "one second's worth"}, &ApiKey::burst,
                      "Requests that may come at once before the rate applies."),
      setting<ApiKey>("max_body_bytes", Bytes{1, std::size_t{1} << 30U, "the server's"},
                      &ApiKey::max_body_bytes, "Body of this key's requests."),
      setting<ApiKey>("max_stored_bytes", Bytes{1, std::size_t{1} << 40U, "as files.max_bytes_per_key"},
                      &ApiKey::max_stored_bytes, "What this key may keep of uploaded files together."),
      setting<ApiKey>("models", kind::Names{}, &ApiKey::models,
                      "The only models that it may use, and is told of; none listed: all."),
      setting<ApiKey>(
          "scopes",
          kind::Choices<api::Scope>{{{"generate", api::Scope::kGenerate},
                                     {"metrics", api::Scope::kMetrics},
                                     {"status", api::Scope::kStatus},
                                     {"admin", api::Scope::kAdmin}}},
          &ApiKey::scopes,
          "What it may do: `generate` is `/v1/generations`, `metrics` is `/metrics`, `status` is "
          "`/admin/status` and all of `/readyz`, `admin` is what changes the service, and `status`. Others "
          "get 403. None listed: all but `admin`."),
  };
}

// A reload takes whole tables of these over.
template <typename Target>
std::vector<Setting<Target>> all_live(std::vector<Setting<Target>> settings) {
  for (auto& setting : settings) setting.text.live = true;
  return settings;
}

}  // namespace

const std::vector<Setting<Configuration>>& general_settings() {
  static const std::vector<General> kSettings = make_general_settings();
  return kSettings;
}

const std::vector<Setting<api::ApiKey>>& key_settings() {
  using api::ApiKey;
  static const std::vector<Setting<ApiKey>> kSettings = [] {
    std::vector<Setting<ApiKey>> made = own_key_settings();
    for (auto& setting : webhook_key_settings()) made.push_back(std::move(setting));
    return all_live(std::move(made));
  }();
  return kSettings;
}

}  // namespace shunt::config
