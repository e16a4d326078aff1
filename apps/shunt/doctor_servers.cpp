#include "doctor_servers.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "make_artifact_store.hpp"
#include "shunt/base/random.hpp"
#include "shunt/http/address_ranges.hpp"
#include "shunt/http/url.hpp"
#include "shunt/site/asked_server.hpp"
#include "shunt/site/judgements.hpp"

namespace shunt::app {
namespace {

using site::Finding;
using site::NamedLook;
using Configured = std::shared_ptr<const config::Loaded>;
using std::chrono::milliseconds;

// Four steps of this length end before whoever waits for all looks gives up.
constexpr milliseconds kStep{2'250};
constexpr milliseconds kConnectWithin{2'000};

// "host:port" of an address, without a login, a path or a query: each of them may be a secret.
std::string server_of(const std::string& address) {
  const auto url = http::parse_url(address);
  return url ? url->host + ':' + std::to_string(url->port) : "the address";
}

// Names are listed where files lie there too. At the end of time no record is read.
std::optional<std::string> why_not_listed(const config::Configuration& configuration) {
  if (!files_lie_in_bucket(configuration)) return std::nullopt;
  const auto files = make_file_store(configuration);
  if (!files) return log_text(files.error());
  const auto listed = (*files)->list("", WallTime::max());
  return listed ? std::nullopt : std::optional(log_text(listed.error()));
}

// What the service does with a bucket: it puts, gets and deletes objects.
std::vector<Finding> look_at_bucket(config::Configuration configuration) {
  S3Options& s3 = configuration.artifacts.s3;
  s3.tries = 1;
  s3.connect_timeout = std::min(s3.connect_timeout, kConnectWithin);
  s3.request_timeout = std::min(s3.request_timeout, kStep);
  site::BucketFacts facts;
  facts.place = s3.bucket + " at " + server_of(s3.endpoint);
  const auto store = make_artifact_store(configuration);
  if (!store) {
    facts.mistake = log_text(store.error());
    return {site::judge_bucket(facts)};
  }
  // Bytes that nobody else has stored, so that what is removed is this object and no artifact.
  const std::string bytes = "shunt doctor " + random_name();
  const auto digest = (*store)->put(bytes);
  if (!digest) {
    facts.not_stored = log_text(digest.error());
    return {site::judge_bucket(facts)};
  }
  if (const auto read = (*store)->get(*digest, bytes.size()); !read) facts.not_read = log_text(read.error());
  facts.not_listed = why_not_listed(configuration);
  if (const auto removed = (*store)->remove(*digest); !removed) facts.not_removed = log_text(removed.error());
  return {site::judge_bucket(facts)};
}

std::vector<Finding> look_at_collector(const config::TracingSettings& settings) {
  const std::string url = config::traces_url(settings);
  site::ServerQuestion question{.method = "POST", .url = url, .body = R"({"resourceSpans":[]})"};
  question.headers.emplace_back("Content-Type: application/json");
  for (const auto& [name, value] : settings.exporter.headers) question.headers.push_back(name + ": " + value);
  question.proxy.reset();  // as the exporter: what the environment says
  question.connect_within = kConnectWithin;
  site::CollectorFacts facts;
  facts.server = server_of(url);
  facts.setting =
      settings.otlp_traces_endpoint.empty() ? "tracing.otlp_endpoint" : "tracing.otlp_traces_endpoint";
  facts.has_headers = !settings.exporter.headers.empty();
  facts.answer = site::ask_server(std::move(question));
  return {site::judge_collector(facts)};
}

// The path and the query of a webhook's URL stay here, and so does what signs its messages: whoever is at
// that host is asked for nothing but its root.
std::vector<Finding> look_at_endpoint(const std::string& setting, const std::string& address,
                                      const std::vector<std::string>& allowed) {
  const auto url = http::parse_url(address);
  site::EndpointFacts facts{.name = setting, .server = server_of(address), .setting = setting};
  if (!url) return {};  // The configuration's own check says so.
  site::ServerQuestion question;
  question.url = address.substr(0, address.find_first_of("/?#", address.find("://") + 3)) + '/';
  question.may_connect = [ranges = http::AddressRanges(allowed)](const std::string& to) {
    return http::may_be_reached(to, ranges);
  };
  question.connect_within = kConnectWithin;
  facts.answer = site::ask_server(std::move(question));
  return {site::judge_endpoint(facts)};
}

void add_endpoint(std::vector<NamedLook>& looks, const config::Configuration& configuration,
                  const std::string& setting, const std::string& address) {
  if (address.empty()) return;
  looks.push_back({setting, [setting, address, allowed = configuration.webhooks.allowed_addresses] {
                     return look_at_endpoint(setting, address, allowed);
                   }});
}

}  // namespace

void add_other_servers(std::vector<NamedLook>& looks, const Configured& loaded) {
  const config::Configuration& configuration = loaded->configuration;
  const bool stores_artifacts = configuration.queue_enabled && !configuration.artifacts.s3.bucket.empty();
  if (stores_artifacts || files_lie_in_bucket(configuration))
    looks.push_back({"artifacts.s3", [loaded] { return look_at_bucket(loaded->configuration); }});
  if (!config::traces_url(configuration.tracing).empty())
    looks.push_back({"tracing.otlp", [loaded] { return look_at_collector(loaded->configuration.tracing); }});
  if (!configuration.roles.api) return;
  add_endpoint(looks, configuration, "webhooks.url", configuration.webhooks.url);
  for (const api::ApiKey& key : configuration.server.keys)
    add_endpoint(looks, configuration, "server.keys." + key.name + ".webhook_url", key.webhook_url);
}

}  // namespace shunt::app
