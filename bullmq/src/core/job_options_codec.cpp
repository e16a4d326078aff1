#include "core/job_options_codec.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "bullmq/error.hpp"
#include "core/bounded_json.hpp"
#include "core/msgpack_writer.hpp"

namespace bullmq {
namespace {

using nlohmann::json;

// How to take a value that has the wrong type: a user's is refused, a stored one is kept as it is.
enum class Mode { strict, stored };

[[noreturn]] void refuse(std::string_view option, std::string_view expected, const json& got) {
  throw ValidationError("job option " + std::string(option) + ": expected " + std::string(expected) +
                        ", got " + got.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 80));
}

// Each returns false when the value is not what the option can be.
bool read(const json& value, std::optional<bool>& out) {
  if (value.is_boolean()) {
    out = value.get<bool>();
    return true;
  }
  return false;
}

bool read(const json& value, std::optional<std::int64_t>& out) {
  if (!value.is_number()) return false;
  // JavaScript's largest numbers stand for "for ever", and cjson writes them with an exponent.
  constexpr double kLimit = 9.2e18;
  const double number = value.get<double>();
  if (std::fabs(number) >= kLimit) {
    out = static_cast<std::int64_t>(std::copysign(kLimit, number));
  } else if (value.is_number_float()) {
    if (std::trunc(number) != number) return false;
    out = static_cast<std::int64_t>(number);
  } else {
    out = value.get<std::int64_t>();
  }
  return true;
}

// JavaScript's clients may store parts of a millisecond or of a second, which are no whole numbers here. Up,
// so that nothing happens, or is removed, earlier than was asked for.
void round_up(json& value) {
  if (value.is_number_float()) {
    value = std::ceil(value.get<double>());
  } else if (value.is_object()) {
    for (auto& [name, member] : value.items()) {
      if (name != "jitter") round_up(member);
    }
  }
}

bool read(const json& value, std::optional<Milliseconds>& out) {
  std::optional<std::int64_t> number;
  if (!read(value, number)) return false;
  out = Milliseconds(*number);
  return true;
}

bool read(const json& value, std::optional<double>& out) {
  if (!value.is_number()) return false;
  out = value.get<double>();
  return true;
}

bool read(const json& value, std::optional<std::string>& out) {
  if (!value.is_string()) return false;
  out = value.get<std::string>();
  return true;
}

bool read(const json& value, std::optional<std::chrono::seconds>& out) {
  std::optional<std::int64_t> number;
  if (!read(value, number)) return false;
  out = std::chrono::seconds(*number);
  return true;
}

template <typename Field>
bool read_member(const json& object, const char* name, Field& out) {
  const auto member = object.find(name);
  return member == object.end() || member->is_null() || read(*member, out);
}

bool read(const json& value, std::optional<KeepJobs>& out) {
  std::optional<std::int64_t> count;
  if (value.is_boolean()) {
    out = value.get<bool>() ? KeepJobs::none() : KeepJobs::all();
  } else if (read(value, count)) {
    out = KeepJobs::last(*count);
  } else if (value.is_object()) {
    KeepJobs keep;
    if (!read_member(value, "age", keep.age) || !read_member(value, "count", keep.count) ||
        !read_member(value, "limit", keep.limit)) {
      return false;
    }
    out = keep;
  } else {
    return false;
  }
  return true;
}

bool read(const json& value, std::optional<Backoff>& out) {
  Backoff backoff;
  if (read(value, backoff.delay)) {
    out = backoff;
    return true;
  }
  if (!value.is_object()) return false;
  std::optional<std::string> type;
  if (!read_member(value, "type", type) || !read_member(value, "delay", backoff.delay) ||
      !read_member(value, "jitter", backoff.jitter)) {
    return false;
  }
  backoff.type = type.value_or("");
  out = backoff;
  return true;
}

bool read(const json& value, std::optional<Deduplication>& out) {
  if (!value.is_object()) return false;
  Deduplication deduplication;
  std::optional<std::string> id;
  if (!read_member(value, "id", id) || !read_member(value, "ttl", deduplication.ttl) ||
      !read_member(value, "extend", deduplication.extend) ||
      !read_member(value, "replace", deduplication.replace) ||
      !read_member(value, "keepLastIfActive", deduplication.keep_last_if_active) ||
      !read_member(value, "reschedule", deduplication.reschedule)) {
    return false;
  }
  deduplication.id = id.value_or("");
  out = deduplication;
  return true;
}

bool read(const json& value, std::optional<Parent>& out) {
  if (!value.is_object()) return false;
  std::optional<std::string> id;
  std::optional<std::string> queue;
  if (!read_member(value, "id", id) || !read_member(value, "queue", queue)) return false;
  out = Parent{id.value_or(""), queue.value_or("")};
  return true;
}

// An option that is one field: its name, the name that it is stored with, and what it is.
template <typename Field>
struct Option {
  const char* name;
  const char* stored;
  const char* expected;
  Field JobOptions::* field;
};
template <typename Field>
Option(const char*, const char*, const char*, Field JobOptions::*) -> Option<Field>;

constexpr std::tuple kOptions{
    Option{"timestamp", "timestamp", "whole milliseconds", &JobOptions::timestamp},
    Option{"delay", "delay", "whole milliseconds", &JobOptions::delay},
    Option{"priority", "priority", "a whole number", &JobOptions::priority},
    Option{"lifo", "lifo", "true or false", &JobOptions::lifo},
    Option{"attempts", "attempts", "a whole number", &JobOptions::attempts},
    Option{"backoff", "backoff", "whole milliseconds or {type, delay, jitter}", &JobOptions::backoff},
    Option{"removeOnComplete", "removeOnComplete", "true, false, a number or {age, count, limit}",
           &JobOptions::remove_on_complete},
    Option{"removeOnFail", "removeOnFail", "true, false, a number or {age, count, limit}",
           &JobOptions::remove_on_fail},
    Option{"keepLogs", "kl", "a whole number", &JobOptions::keep_logs},
    Option{"stackTraceLimit", "stackTraceLimit", "a whole number", &JobOptions::stack_trace_limit},
    Option{"sizeLimit", "sizeLimit", "bytes", &JobOptions::size_limit},
    Option{"deduplication", "de", "{id, ttl, extend, replace, keepLastIfActive, reschedule}",
           &JobOptions::deduplication},
    Option{"parent", "parent", "{id, queue}", &JobOptions::parent},
    Option{"failParentOnFailure", "fpof", "true or false", &JobOptions::fail_parent_on_failure},
    Option{"continueParentOnFailure", "cpof", "true or false", &JobOptions::continue_parent_on_failure},
    Option{"ignoreDependencyOnFailure", "idof", "true or false", &JobOptions::ignore_dependency_on_failure},
    Option{"removeDependencyOnFailure", "rdof", "true or false", &JobOptions::remove_dependency_on_failure},
    Option{"jobId", "jobId", "a text", &JobOptions::job_id},
};

template <typename Visit>
void for_each_option(const Visit& visit) {
  std::apply([&](const auto&... options) { (visit(options), ...); }, kOptions);
}

void refuse_float_priority(const json& object) {
  const auto priority = object.find("priority");
  if (priority == object.end() || !priority->is_number_float()) return;
  const double number = priority->get<double>();
  if (std::trunc(number) != number) throw ValidationError("Priority should not be float");
}

JobOptions parse(std::string_view text, Mode mode) {
  JobOptions options;
  json object = detail::parse_bounded_json(text);
  if (object.is_discarded() || !object.is_object()) {
    if (mode == Mode::strict) throw ValidationError("job options: expected a JSON object");
    return options;
  }
  if (mode == Mode::strict) refuse_float_priority(object);
  for_each_option([&](const auto& option) {
    const auto found = object.find(mode == Mode::strict ? option.name : option.stored);
    if (found == object.end()) return;
    if (found->is_null() || read(*found, options.*option.field)) {
      object.erase(found);
    } else if (mode == Mode::strict) {
      refuse(option.name, option.expected, *found);
    } else {
      json whole = *found;
      round_up(whole);
      if (read(whole, options.*option.field)) object.erase(found);
    }
  });
  if (mode == Mode::strict) {
    if (object.contains("debounce")) {
      throw ValidationError("Debounce option has been removed. Use deduplication option instead");
    }
    if (const auto telemetry = object.find("telemetry"); telemetry != object.end()) {
      if (!telemetry->is_object() || !read_member(*telemetry, "metadata", options.telemetry_metadata) ||
          !read_member(*telemetry, "omitContext", options.omit_telemetry_context)) {
        refuse("telemetry", "{metadata, omitContext}", *telemetry);
      }
      object.erase(telemetry);
    }
  } else {
    const auto move_member = [&](const char* stored, auto& field) {
      const auto member = object.find(stored);
      if (member != object.end() && read(*member, field)) object.erase(member);
    };
    move_member("tm", options.telemetry_metadata);
    move_member("omc", options.omit_telemetry_context);
  }
  if (!object.empty()) options.extra = object.dump(-1, ' ', false, json::error_handler_t::replace);
  return options;
}

json to_value(bool value) {
  return value;
}
json to_value(std::int64_t value) {
  return value;
}
json to_value(Milliseconds value) {
  return value.count();
}
json to_value(const std::string& value) {
  return value;
}
json to_value(const KeepJobs& keep) {
  if (keep.form == KeepJobs::Form::boolean) return keep.count == 0;
  if (keep.form == KeepJobs::Form::number) return keep.count.value_or(-1);
  json object = json::object();
  if (keep.age) object["age"] = keep.age->count();
  if (keep.count) object["count"] = *keep.count;
  if (keep.limit) object["limit"] = *keep.limit;
  return object;
}
json to_value(const Backoff& backoff) {
  json object{{"type", backoff.type}};
  if (backoff.delay) object["delay"] = backoff.delay->count();
  if (backoff.jitter) object["jitter"] = *backoff.jitter;
  return object;
}
json to_value(const Deduplication& deduplication) {
  json object{{"id", deduplication.id}};
  if (deduplication.ttl) object["ttl"] = deduplication.ttl->count();
  if (deduplication.extend) object["extend"] = *deduplication.extend;
  if (deduplication.replace) object["replace"] = *deduplication.replace;
  if (deduplication.keep_last_if_active) object["keepLastIfActive"] = *deduplication.keep_last_if_active;
  if (deduplication.reschedule) object["reschedule"] = *deduplication.reschedule;
  return object;
}
json to_value(const Parent& parent) {
  return {{"id", parent.id}, {"queue", parent.queue}};
}

using detail::MsgpackWriter;

void pack(MsgpackWriter& out, bool value) {
  out.boolean(value);
}
void pack(MsgpackWriter& out, std::int64_t value) {
  out.integer(value);
}
void pack(MsgpackWriter& out, double value) {
  out.number(value);
}
void pack(MsgpackWriter& out, Milliseconds value) {
  out.integer(value.count());
}
void pack(MsgpackWriter& out, std::chrono::seconds value) {
  out.integer(value.count());
}
void pack(MsgpackWriter& out, const std::string& value) {
  out.text(value);
}

// The present ones of some optional fields, as the members of a map.
template <typename... Fields>
void pack_members(MsgpackWriter& out, std::size_t more,
                  const std::pair<const char*, const Fields&>&... members) {
  out.map(more + (0 + ... + (members.second ? 1 : 0)));
  (
      [&](const auto& member) {
        if (!member.second) return;
        out.text(member.first);
        pack(out, *member.second);
      }(members),
      ...);
}

template <typename Field>
std::pair<const char*, const Field&> member(const char* name, const Field& field) {
  return {name, field};
}

void pack(MsgpackWriter& out, const KeepJobs& keep) {
  if (keep.form == KeepJobs::Form::boolean) {
    out.boolean(keep.count == 0);
  } else if (keep.form == KeepJobs::Form::number) {
    out.integer(keep.count.value_or(-1));
  } else {
    pack_members(out, 0, member("age", keep.age), member("count", keep.count), member("limit", keep.limit));
  }
}

void pack(MsgpackWriter& out, const Backoff& backoff) {
  const std::optional<std::string> type = backoff.type;
  pack_members(out, 0, member("type", type), member("delay", backoff.delay),
               member("jitter", backoff.jitter));
}

void pack(MsgpackWriter& out, const Deduplication& deduplication) {
  const std::optional<std::string> id = deduplication.id;
  pack_members(out, 0, member("id", id), member("ttl", deduplication.ttl),
               member("extend", deduplication.extend), member("replace", deduplication.replace),
               member("keepLastIfActive", deduplication.keep_last_if_active),
               member("reschedule", deduplication.reschedule));
}

void pack(MsgpackWriter& out, const Parent& parent) {
  out.map(2).text("id").text(parent.id).text("queue").text(parent.queue);
}

// Whether JSON writes it as it is.
bool is_plain(std::string_view id) {
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; });
}

}  // namespace

JobOptions job_options_from_json(std::string_view text) {
  return parse(text, Mode::strict);
}

std::string job_options_to_json(const JobOptions& options) {
  json object = options.extra.empty() ? json::object() : detail::parse_bounded_json(options.extra);
  if (!object.is_object()) object = json::object();
  for_each_option([&](const auto& option) {
    if (const auto& field = options.*option.field) object[option.name] = to_value(*field);
  });
  if (options.telemetry_metadata || options.omit_telemetry_context) {
    json telemetry = json::object();
    if (options.telemetry_metadata) telemetry["metadata"] = *options.telemetry_metadata;
    if (options.omit_telemetry_context) telemetry["omitContext"] = *options.omit_telemetry_context;
    object["telemetry"] = std::move(telemetry);
  }
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

JobOptions merge(const JobOptions& defaults, const JobOptions& options) {
  JobOptions merged = options;
  JobOptions base = defaults;
  // An id for every job of the queue would make each a duplicate of the first.
  base.job_id.reset();
  for_each_option([&](const auto& option) {
    if (!(merged.*option.field)) merged.*option.field = base.*option.field;
  });
  if (!merged.telemetry_metadata) merged.telemetry_metadata = base.telemetry_metadata;
  if (!merged.omit_telemetry_context) merged.omit_telemetry_context = base.omit_telemetry_context;
  if (merged.extra.empty()) {
    merged.extra = base.extra;
  } else if (!base.extra.empty()) {
    json object = detail::parse_bounded_json(base.extra);
    const json over = detail::parse_bounded_json(merged.extra);
    if (object.is_object() && over.is_object()) {
      object.update(over);
      merged.extra = object.dump(-1, ' ', false, json::error_handler_t::replace);
    }
  }
  return merged;
}

namespace detail {

JobOptions stored_job_options(std::string_view text) {
  if (text.empty() || text == "{}") return {};
  return parse(text, Mode::stored);
}

const JobOptions& StoredJobOptions::read(std::string_view json, std::string_view id) {
  if (!has_id_) {
    if (json != before_) remember(json, id);
    return options_;
  }
  const bool same = json.size() == before_.size() + id.size() + after_.size() && json.starts_with(before_) &&
                    json.ends_with(after_) && json.substr(before_.size(), id.size()) == id && is_plain(id);
  if (same) {
    options_.job_id = std::string(id);
  } else {
    remember(json, id);
  }
  return options_;
}

void StoredJobOptions::remember(std::string_view json, std::string_view id) {
  options_ = stored_job_options(json);
  before_ = json;
  after_.clear();
  has_id_ = false;
  if (options_.job_id != id || !is_plain(id)) return;
  // Text as this is no part of a string, and if it is there once it is what `job_id` was read from.
  const std::string member = "\"jobId\":\"" + std::string(id) + '"';
  const std::size_t at = json.find(member);
  if (at == std::string_view::npos || json.find("\"jobId\"", at + 1) != std::string_view::npos ||
      json.find("\"jobId\"") != at) {
    return;
  }
  const std::size_t begin = at + member.size() - 1 - id.size();
  before_ = json.substr(0, begin);
  after_ = json.substr(begin + id.size());
  has_id_ = true;
}

void pack_job_options(const JobOptions& options, std::string& out) {
  static const JobOptions kNone;
  if (options == kNone) {
    out +=
        "\x81\xa8"
        "attempts";
    out += '\0';
    return;
  }
  json extra;
  if (!options.extra.empty()) {
    extra = detail::parse_bounded_json(options.extra);
    if (!extra.is_object()) extra = json::object();
  }
  std::size_t members = extra.size();
  for_each_option([&](const auto& option) { members += options.*option.field ? 1 : 0; });
  // The scripts compare the attempts, so they are always there.
  const bool has_attempts = options.attempts || extra.contains("attempts");
  members += has_attempts ? 0 : 1;
  members += (options.telemetry_metadata ? 1 : 0) + (options.omit_telemetry_context ? 1 : 0);
  MsgpackWriter writer(out);
  writer.map(members);
  if (!has_attempts) writer.text("attempts").integer(0);
  for_each_option([&](const auto& option) {
    const auto& field = options.*option.field;
    if (!field) return;
    writer.text(option.stored);
    pack(writer, *field);
  });
  if (options.telemetry_metadata) writer.text("tm").text(*options.telemetry_metadata);
  if (options.omit_telemetry_context) writer.text("omc").boolean(*options.omit_telemetry_context);
  for (const auto& [name, value] : extra.items()) {
    const auto packed = json::to_msgpack(value);
    writer.text(name).raw({reinterpret_cast<const char*>(packed.data()), packed.size()});
  }
}

std::string parent_json(const JobOptions& options) {
  json parent{{"id", options.parent->id}, {"queueKey", options.parent->queue}};
  if (options.fail_parent_on_failure.value_or(false)) parent["fpof"] = true;
  if (options.remove_dependency_on_failure.value_or(false)) parent["rdof"] = true;
  if (options.ignore_dependency_on_failure.value_or(false)) parent["idof"] = true;
  if (options.continue_parent_on_failure.value_or(false)) parent["cpof"] = true;
  return parent.dump(-1, ' ', false, json::error_handler_t::replace);
}

void pack_keep_jobs(const KeepJobs& keep, std::string& out) {
  // The finish script knows only the object.
  MsgpackWriter writer(out);
  pack_members(writer, 0, member("age", keep.age), member("count", keep.count), member("limit", keep.limit));
}

}  // namespace detail
}  // namespace bullmq
