#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/base/result.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::flip {
class FlipControl;
class FlipInspection;
}  // namespace shunt::flip
namespace shunt::executor {
class LeftPosts;
}  // namespace shunt::executor
namespace shunt::webhooks {
class Webhooks;
}  // namespace shunt::webhooks

namespace shunt::api {

class ConfigReloader;
class RequestTracer;

// What a key may do. /v1/models and /openapi.json are for every key.
enum class Scope {
  kGenerate,  // /v1/generations and below: its own generations
  kMetrics,   // GET /metrics
  kStatus,    // GET /admin/status, and all that /readyz tells
  kAdmin,     // what changes the service itself, as /admin/flip does; kStatus comes with it
};
[[nodiscard]] std::string_view scope_name(Scope scope) noexcept;

// A bearer key as configuration holds it: the SHA-256 of the secret, and this key's own limits (0 = none).
struct ApiKey {
  std::string name;                // becomes the generation's caller: "key:<name>"
  std::string sha256_hex;          // of the key; `shunt config hash-key` prints it
  std::string sha256_file = {};    // where sha256_hex was read from; "": it stood in the configuration
  std::size_t max_concurrent = 0;  // requests under way
  std::size_t max_open = 0;        // generations open, waited for or not; 0: as max_concurrent
  double requests_per_second = 0;
  std::size_t burst = 0;              // 0: one second's worth
  std::size_t max_body_bytes = 0;     // 0: the server's
  std::size_t max_stored_bytes = 0;   // of the files that it keeps; 0: the server's
  std::vector<Scope> scopes{};        // empty: all but kAdmin
  std::vector<std::string> models{};  // empty: all

  // Where its requests that name no webhook send theirs; "": nowhere.
  std::string webhook_url{};
  std::vector<std::string> webhook_events{};   // empty: all ends (is_webhook_event)
  std::vector<std::string> webhook_secrets{};  // sign what its webhooks send; empty: the service's do
};

// What callers may store as files. All of it is live.
struct FileOptions {
  std::size_t max_bytes = 512UL * 1024 * 1024;  // of one file
  std::vector<std::string> types{};             // media types or ranges ("image/*"); empty: all
  std::size_t max_bytes_per_key = 10UL * 1024 * 1024 * 1024;
  std::size_t max_files_per_key = 1000;
  // Unless the upload says that it is less.
  std::chrono::milliseconds expires_after = std::chrono::hours(24 * 30);
  // Of URLs that models take in place of files: for all of one fetch; addresses that may be fetched from
  // beside the public ones (http::AddressRanges); a file of authorities (PEM), "" = the system's.
  std::chrono::milliseconds fetch_timeout = std::chrono::seconds(30);
  std::vector<std::string> fetch_addresses{};
  std::string fetch_authorities_file{};
  // How long a generation is kept after its end: its files are held for as long.
  std::chrono::milliseconds retention = std::chrono::hours(1);
};

// Batches of lines that callers have uploaded as files. All of it is live.
struct BatchOptions {
  std::size_t max_lines = 50'000;
  std::size_t max_line_bytes = 1024 * 1024;
  std::size_t max_bytes = 200UL * 1024 * 1024;  // of an input file
  std::size_t concurrency = 8;                  // lines of one batch that run at once
  std::size_t concurrency_per_key = 16;         // of all batches of a key, in one process
  std::size_t max_open_per_key = 16;            // batches that have not ended
  std::chrono::milliseconds retention = std::chrono::hours(24 * 30);  // of what is known of an ended one
};

// What GET /admin/status tells of the process beside its executor.
struct ServiceAbout {
  std::string version;
  std::vector<std::string> roles;  // "api", "worker"
  std::string strategy_reason;     // why this executor: Admission::reason
  std::string redis_url;           // without its secrets
  WallTime started_at{};
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  unsigned short port = 8080;  // 0: any free one, see port()

  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 1024 * 1024;
  std::size_t max_json_depth = kMaxJsonDepth;  // and no more
  std::size_t max_json_members = 1024;         // of one object
  std::size_t max_metadata_bytes = 16 * 1024;  // of options.metadata as JSON text
  std::size_t max_connections = 20'000;
  // Counts connections that have not shown a valid key; 0: no limit.
  std::size_t max_connections_per_address = 0;
  std::chrono::milliseconds header_timeout = std::chrono::seconds(10);  // from first byte to end of headers
  std::chrono::milliseconds body_timeout = std::chrono::seconds(30);
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(75);   // between requests of a connection
  std::chrono::milliseconds write_timeout = std::chrono::seconds(30);  // without progress of a response
  std::chrono::milliseconds sse_heartbeat = std::chrono::seconds(15);
  // A client that closed its sending side may still be reading (or be gone): it is believed for this long.
  std::chrono::milliseconds half_close_grace = std::chrono::seconds(2);
  // The generation of another API's client that has gone is cancelled only when the client has not come again
  // for so long: such clients send a request once more when its connection breaks.
  std::chrono::milliseconds retry_grace = std::chrono::seconds(5);
  // The longest that a request waits for its generation; then it gets 504 (or 202, if it said Prefer) and the
  // generation goes on. 0: no limit, since a generation ends by its own timeout and cutting it short by
  // default would take results from clients that can wait.
  std::chrono::milliseconds wait_deadline{0};

  // What stands in front of the paths of URLs that answers have ("https://shunt.example.com"); "": "http://"
  // and what the request called us.
  std::string public_url;
  // What the tokens of URLs that are opened without a key are made with; "": a random one of this server's
  // own, so that they hold in this process and while it lives.
  std::string url_secret;

  std::vector<ApiKey> keys;  // empty: no authentication
  // Serve a public address without keys.
  bool allow_unauthenticated = false;

  // Names, as is_host knows them, that requests may give in Host where no keys are configured.
  std::vector<std::string> allowed_hosts;
  // Web pages, as is_origin knows them, that may read answers (CORS).
  std::vector<std::string> cors_origins;
  // Addresses or ranges (is_address_range) whose X-Forwarded-For and Forwarded are believed.
  std::vector<std::string> trusted_proxies;

  ServiceAbout about;

  FileOptions files;
  // Where files lie. Not owned, outlives the server; nullptr: there are none.
  FileStore* file_store = nullptr;

  BatchOptions batches;
  // Where batches lie, beside the files; "": there are none.
  std::string batch_folder;
  // Hears what that folder fails with. Not owned, outlives the server; nullptr: nobody does.
  FaultLog* faults = nullptr;

  // What /admin/flip asks. Not owned, outlive the server; both or, where there is no flip, neither.
  flip::FlipControl* flip = nullptr;
  flip::FlipInspection* inspection = nullptr;

  // Takes the webhooks of requests. Not owned, outlives the server; nullptr: there are none.
  webhooks::Webhooks* webhooks = nullptr;

  // Where other processes find the generations of requests whose clients have gone. Not owned, outlives the
  // server; nullptr: there are no others.
  executor::LeftPosts* left_posts = nullptr;

  // What POST /admin/reload asks. Not owned, outlives the server; nullptr: nothing can be reloaded.
  ConfigReloader* reloader = nullptr;

  RequestTracer* tracer = nullptr;  // not owned, outlives the server
  // What requests, answers and streams hold is reserved here. Not owned, outlives the server.
  MemoryBudget* memory = &MemoryBudget::unlimited();
};

// Appended to /metrics by whoever owns further metrics; Prometheus text format.
using MetricsSource = std::function<std::string()>;

// The HTTP face of an executor: routes and wire formats, nothing of how generations run. Each connection
// lives on one loop from accept to close. docs/api.md describes the routes; /openapi.json is generated from
// the same table that dispatches them.
class HttpServer {
 public:
  // Fails on an unusable address, a taken port, or a public address without keys (unless allowed). Listening
  // starts here, so port() is known; connections are served once the loops run.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(HttpServerOptions options,
                                                                  EventLoopThreads& loops,
                                                                  executor::GenerationExecutor& executor,
                                                                  const ModelRegistry& models,
                                                                  MetricsSource extra_metrics);

  // Serves /healthz, /readyz and /metrics alone: for a process that runs generations and takes none over
  // HTTP. Nothing can be asked of it, so an address that others can reach needs no keys; with keys /metrics
  // does. `describe` answers /readyz; any thread, no I/O.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen_for_probes(
      HttpServerOptions options, EventLoopThreads& loops,
      std::function<executor::ExecutorDescription()> describe, MetricsSource metrics);
  virtual ~HttpServer() = default;

  [[nodiscard]] virtual unsigned short port() const noexcept = 0;

  // Whether reload() would take these options.
  [[nodiscard]] virtual Result<void> check(HttpServerOptions options) const = 0;
  // Goes by other options from now on: keys (those that keep their name go on with the rate they have used),
  // limits, times, hosts, origins and proxies. Address, port, `about`, `flip` and `tracer` stay what they
  // were. What is under way keeps the options that it began with. Fails, and changes nothing, where listen
  // would have refused them. Any thread.
  [[nodiscard]] virtual Result<void> reload(HttpServerOptions options) = 0;

  // Closes the listening socket and idle connections; responses under way go on and carry Connection: close.
  // /readyz says 503 from now on. Any thread.
  virtual void stop_accepting() = 0;

  // Whoever still waits for a generation is told where to find it (202, 504), event streams end with a
  // comment: what has not ended goes on without this server, if its executor lets it. Then closes what is
  // left after `deadline` and waits for the connections' coroutines to end. Not from a loop's thread. Call it
  // after the executor has drained and before the loops stop.
  virtual void close(std::chrono::milliseconds deadline) = 0;
};

}  // namespace shunt::api
