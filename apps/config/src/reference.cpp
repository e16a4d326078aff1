#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "settings_table.hpp"
#include "shunt/config/configuration.hpp"

namespace shunt::config {
namespace {

using Row = std::vector<std::string>;

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Generated from the table of settings (apps/config): `shunt config reference`. A test compares the two. -->

A setting comes from the first of these that gives it:

1. a flag of the command line: `--listen 127.0.0.1:9000`, or for any setting `--set NAME=VALUE`, as in
   `--set log.level=debug` or `--set models.speech.concurrency=2`;
2. the environment: the variable is in the tables below. An empty one counts as not set;
3. the configuration file;
4. the default.

The file is the one that `--config` names, else the one that `$SHUNT_CONFIG` names, else `shunt.toml` in the current
folder, else the one built in, which is [config/shunt.toml](../config/shunt.toml). They are not merged: copy the built-in
file to start your own. It is [TOML](https://toml.io): `server.listen` below is `listen` in the table `[server]`.

`shunt config check` names every mistake with its file and line, variable or flag, what came and what is allowed.
`shunt config show` lists every setting with its value and where that came from; it shows no secrets.

Durations have a unit: `"250ms"`, `"30s"`, `"10m"`, `"2h"`, `"7d"`. Sizes may have one: `512`, `"64KiB"`, `"8MiB"`,
`"1GiB"`. Booleans are `true` and `false`; in a variable or a flag also `1`, `0`, `yes`, `no`, `on` and `off`.

`shunt reload` and SIGHUP (`systemctl reload`, `kill -HUP PID`) read the file again, and files of secrets with it. The
new one is checked as a whole and taken or rejected as a whole; [reload.md](reload.md) says what becomes of what runs.
Settings marked *live* change at once, and models with all their settings do; what else has changed is named, and stays
as it was until a restart. Variables and flags stay those of the start. `shunt config diff` tells all this beforehand.
)";

// Inside a table cell: a bar would end it.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '|' ? std::string("\\|") : std::string(1, c);
  return safe;
}

std::string code(const std::string& text) {
  return text.empty() ? "" : '`' + text + '`';
}

// Letters, not bytes: what counts for the eye.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string markdown_table(const Row& head, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const std::string& title : head) widths.push_back(width(title));
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  const auto line = [&](const std::function<std::string(std::size_t)>& content, char fill) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string inside = content(i);
      text += "| " + inside + std::string(widths[i] - width(inside), fill) + ' ';
    }
    text += "|\n";
  };
  line([&](std::size_t i) { return head[i]; }, ' ');
  line([](std::size_t) { return std::string("---"); }, '-');
  for (const Row& row : rows) line([&](std::size_t i) { return row[i]; }, ' ');
  return text;
}

std::string default_of(const SettingText& text) {
  return text.required ? "**required**" : text.default_value == "none" ? "none" : code(text.default_value);
}

std::string value_of(const SettingText& text) {
  if (text.bounds.empty()) return text.type;
  return text.type + (text.bounds.starts_with('(') ? " " : ", ") + text.bounds;
}

std::string meaning(const SettingText& text) {
  return cell(text.doc) + (text.live ? " *Live.*" : "");
}

// "server" of "server.listen"; "" at the top.
std::string_view section_of(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? "" : name.substr(0, dot);
}

// Settings that the environment can give, of these sections.
void append_general(std::string& to, const std::vector<std::string_view>& sections,
                    std::string_view explanation) {
  std::vector<Row> rows;
  for (const auto& setting : general_settings()) {
    const SettingText& text = setting.text;
    if (std::ranges::find(sections, section_of(text.name)) == sections.end()) continue;
    const std::string flag = text.flag.empty() ? "" : ", " + code(text.flag);
    rows.push_back({code(text.name), default_of(text), cell(value_of(text)), code(text.environment) + flag,
                    meaning(text)});
  }
  to += '\n' + std::string(explanation) + "\n\n";
  to += markdown_table({"setting", "default", "value", "variable, flag", "meaning"}, rows);
}

template <typename Target>
void append_table(std::string& to, const std::vector<Setting<Target>>& settings,
                  std::string_view explanation) {
  std::vector<Row> rows;
  for (const auto& setting : settings) {
    const SettingText& text = setting.text;
    rows.push_back({code(text.name), default_of(text), cell(value_of(text)), meaning(text)});
  }
  to += '\n' + std::string(explanation) + "\n\n";
  to += markdown_table({"setting", "default", "value", "meaning"}, rows);
}

void append_models(std::string& to) {
  append_table(to, model_settings(), R"(## Models: `[models.NAME]`

A model is a name that requests ask for, what runs it, and its limits. The name is 1 to 128 of `A-Z a-z 0-9 . _ : / -`;
write one with dots or colons in quotes: `[models."qwen2.5:7b"]`. Every model has a `driver`, which must be
`"cog"`, `"command"`, `"openai"` or `"simulator"`, and these:)");
  append_table(to, call_settings(), R"(### Calls of other APIs: `[models.NAME.calls]`

Which calls of OpenAI's clients the model answers, and which member of its `input` each value of a call goes to
([openai.md](openai.md)): `calls.speech = { input = "text" }` gives what such a call names `input` to the model as
`input.text`. A value that is not named keeps its name. Without any of these, an `openai` model answers the call that its
`operation` is; a model with a `text_field` chats and completes, or makes the audio or images that it `produces`.)");
  append_table(to, flip_model_settings(), R"(### The flip

Which executor runs the model's generations, and what happens while its queue is down; [flip/decision.md](flip/decision.md) tells how.)");
  append_table(to, shadow_model_settings(), R"(### Shadow

How copies of the model's requests are run and compared while a fleet is in shadow ([flip/rollout.md](flip/rollout.md)).)");
  append_table(to, input_rule_settings(), R"(### Input rules: `[models.NAME.input.MEMBER]`

What a member of a request's `input` may be; a request that has something else is refused with 422 `invalid_input` before
anything of it exists. Members without a rule pass, unless `unlisted_input` says otherwise. Each `{input.NAME}` in a
`command` model's `argv` needs a rule. The rule of a list's elements is the table `items` in it, those of an object's members
are in its table `properties`; [input.md](input.md) tells more.)");
  append_table(to, command_settings(), R"(### `driver = "command"`

Runs a program for each generation. [generators/command.md](generators/command.md) has the details.)");
  append_table(to, cog_settings(), R"(### `driver = "cog"`

Runs predictions in a container built by Cog. [generators/cog.md](generators/cog.md) has the details.)");
  append_table(to, openai_settings(), R"(### `driver = "openai"`

Forwards to a server that speaks OpenAI's API: chat completions or, by `operation`, others of its calls. [generators/openai.md](generators/openai.md) has the
details. A model has one server, whose `base_url` and `model` must be given, or several.)");
  append_table(to, upstream_settings(), R"(### Several servers: `[[models.NAME.upstreams]]`

One table a server, for the driver `openai`. What belongs to a server stands in its own table and not in the model's;
without a `model` of its own it has the model's. On the command line: `--set models.NAME.upstreams[0].weight=2`.)");
  append_table(to, simulator_settings(), R"(### `driver = "simulator"`

Generates nothing of worth: it plays the timing and the failures of a real model. `input.tokens`,
`input.first_token_ms`, `input.token_gap_ms`, `input.failure_rate` and `input.result_bytes` override these for one
generation.)");
}

}  // namespace

std::string reference_markdown() {
  std::string text(kIntroduction);
  append_general(text, {"server"}, "## Server: `[server]`");
  append_table(text, key_settings(), R"(### API keys: `[[server.keys]]`

One table a key. With at least one key, every request needs one (`Authorization: Bearer KEY`).
`shunt config hash-key --new` makes a key and its hash.)");
  append_general(text, {"shutdown", "log", "debug"},
                 "## Process: `[shutdown]`, `[log]` and `[debug]`\n\nThe log goes to standard error.");
  append_general(text, {"memory"}, R"(## Memory: `[memory]`

What callers can make this process hold; [memory.md](memory.md) tells who has which share of it.)");
  append_general(text, {"store"}, R"(## Store: `[store]`

Where generations can be read after they have ended: the memory of this process. Unfinished ones are never dropped.)");
  append_general(text, {""}, R"(## Command line

At the top of the file, before the first table.)");
  append_general(text, {"queue", "redis"}, R"(## Queue: `[queue]` and `[redis]`

The switch between running generations in this process and handing them to a queue.)");
  append_general(text, {"flip"}, R"(## Flip: `[flip]`

How a fleet gets from one executor to the other, and back; [flip.md](flip.md). `strategy` above says where it begins.)");
  append_general(text, {"shadow"}, R"(## Shadow: `[shadow]`

Copies of sampled requests, while a fleet is in shadow. They go through Redis, with their prompts.)");
  append_general(text, {"worker", "artifacts"}, R"(## Workers: `[worker]` and `[artifacts]`

For processes that run generations from the queue: `shunt worker`, or `--roles api,worker`.)");
  append_general(text, {"files"}, R"(## Files: `[files]`

What callers may upload, and where it lies; [files.md](files.md).)");
  append_general(text, {"batches"}, R"(## Batches: `[batches]`

Files of lines that are run as generations: [openai/batches.md](openai/batches.md). They lie beside the files.)");
  append_general(text, {"tracing"}, R"(## Traces: `[tracing]`

Where spans of generations go; [tracing.md](tracing.md) tells what they hold.)");
  append_general(text, {"webhooks"}, R"(## Webhooks: `[webhooks]`

The ends of generations, told to other servers: [webhooks.md](webhooks.md).)");
  append_models(text);
  return text;
}

}  // namespace shunt::config
