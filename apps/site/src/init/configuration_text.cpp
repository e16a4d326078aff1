#include "shunt/site/configuration_text.hpp"

#include <algorithm>

#include "init/model_tables.hpp"

namespace shunt::site {
namespace {

constexpr std::string_view kBeginning =
    R"(# Shunt's configuration, written by `shunt init` from what it found on this machine. It is yours now: change it.
#
#   shunt doctor          says what is wrong with it, and with what it needs
#   shunt config check    says whether the service would start, with the line that is wrong
#   shunt config show     lists every setting, its value, and where the value came from
#
# docs/configuration.md lists all settings. They can also come from the environment ($SHUNT_SERVER_LISTEN for
# server.listen; those of models and keys cannot) or, stronger still, from a flag (--set server.listen=127.0.0.1:9000).

)";

constexpr std::string_view kHowToOpen =
    R"(# Only this machine can reach 127.0.0.1. To serve others, listen on 0.0.0.0:8080 and give each of them a key:
# `shunt config hash-key --new` makes one and prints its hash.
# [[server.keys]]
# name = "website"
# sha256 = "..."
# requests_per_second = 20
)";

constexpr std::string_view kKey =
    R"(# One table a key. The key itself is not in here, only its hash. Clients send "Authorization: Bearer KEY", and requests
# without one are refused. `shunt config hash-key --new` makes another one.
[[server.keys]]
name = "default"
)";

constexpr std::string_view kNoQueue =
    R"(# Generations run in this process until there is a queue: docs/flip.md is the page to read before.
# [queue]
# enabled = true
# [redis]
# url = "redis://127.0.0.1:6379"
)";

constexpr std::string_view kQueue =
    R"(# Generations go through the queue on Redis, to workers: `shunt worker`, as many as you like. docs/flip.md tells how.
[queue]
enabled = true
)";

std::string server_table(const ConfigurationPlan& plan) {
  std::string text = "[server]\nlisten = " + toml_text(plan.listen) + "\n\n";
  if (plan.key_sha256.empty()) return text.append(kHowToOpen).append("\n");
  return text.append(kKey).append("sha256 = ").append(toml_text(plan.key_sha256)).append("\n\n");
}

std::string queue_table(const ConfigurationPlan& plan) {
  if (plan.redis_url.empty()) return std::string(kNoQueue) + '\n';
  return std::string(kQueue) + "\n[redis]\nurl = " + toml_text(plan.redis_url) +
         "\n# password_file = \"/etc/shunt/redis-password\"   # rather than in the address\n\n";
}

constexpr char kHex[] = "0123456789abcdef";

void append_escaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out.append(1, '\\').append(1, c);
  } else if (byte < 0x20 || byte == 0x7f) {
    out.append("\\u00").append(1, kHex[byte >> 4U]).append(1, kHex[byte & 0xFU]);
  } else {
    out += c;
  }
}

}  // namespace

std::string toml_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) append_escaped(quoted, c);
  return quoted + '"';
}

std::string configuration_text(const ConfigurationPlan& plan) {
  std::string text(kBeginning);
  // A bare setting stands before every table.
  text += "# The model of `shunt generate` without --model.\ndefault_model = " +
          toml_text(plan.models.front().name) + "\n\n";
  text += server_table(plan);
  text += queue_table(plan);
  for (const ProposedModel& model : plan.models) text += model_table(model) + '\n';
  for (const FoundProgram& program : plan.waiting) text += waiting_comment(program) + '\n';
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace shunt::site
