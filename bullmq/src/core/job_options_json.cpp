// Job options as JSON: in the names that users of the npm package know, and in those that a job's hash has.
#include <cmath>
#include <utility>

#include "bullmq/error.hpp"
#include "core/job_option_table.hpp"
#include "core/job_options_codec.hpp"
#include "core/json_value.hpp"

namespace bullmq {
namespace {

using detail::for_each_job_option;
using detail::JsonObject;
using detail::JsonValue;
using detail::MemberOrder;

// How to take a value that has the wrong type: a user's is refused, a stored one is kept as it is.
enum class Mode { strict, stored };

[[noreturn]] void refuse(std::string_view option, std::string_view expected, const JsonValue& got) {
  throw ValidationError("job option " + std::string(option) + ": expected " + std::string(expected) +
                        ", got " + detail::write_json(got).substr(0, 80));
}

// Each returns false when the value is not what the option can be.
bool read(const JsonValue& value, std::optional<bool>& out) {
  if (!value.is_bool()) return false;
  out = value.get_bool();
  return true;
}

bool read(const JsonValue& value, std::optional<double>& out) {
  if (!value.is_number()) return false;
  out = value.to_number<double>();
  return true;
}

bool read(const JsonValue& value, std::optional<std::int64_t>& out) {
  std::optional<double> number;
  if (!read(value, number)) return false;
  // JavaScript's largest numbers stand for "for ever", and cjson writes them with an exponent.
  constexpr double kLimit = 9.2e18;
  if (std::fabs(*number) >= kLimit) {
    out = static_cast<std::int64_t>(std::copysign(kLimit, *number));
  } else if (value.is_double()) {
    if (std::trunc(*number) != *number) return false;
    out = static_cast<std::int64_t>(*number);
  } else {
    out = value.is_int64() ? value.get_int64() : static_cast<std::int64_t>(value.get_uint64());
  }
  return true;
}

// JavaScript's clients may store parts of a millisecond or of a second, which are no whole numbers here. They
// are rounded up, so that nothing happens, or is removed, earlier than was asked for.
void round_up(JsonValue& value) {
  if (value.is_double()) {
    value = std::ceil(value.get_double());
  } else if (value.is_object()) {
    for (auto& member : value.get_object()) {
      if (member.key() != "jitter") round_up(member.value());
    }
  }
}

bool read(const JsonValue& value, std::optional<Milliseconds>& out) {
  std::optional<std::int64_t> number;
  if (!read(value, number)) return false;
  out = Milliseconds(*number);
  return true;
}

bool read(const JsonValue& value, std::optional<Text>& out) {
  const auto* const text = value.if_string();
  if (text == nullptr) return false;
  out.emplace(std::string_view(text->data(), text->size()));
  return true;
}

bool read(const JsonValue& value, std::optional<std::chrono::seconds>& out) {
  std::optional<std::int64_t> number;
  if (!read(value, number)) return false;
  out = std::chrono::seconds(*number);
  return true;
}

template <typename Field>
bool read_member(const JsonObject& object, const char* name, Field& out) {
  const JsonValue* const member = object.if_contains(name);
  return member == nullptr || member->is_null() || read(*member, out);
}

bool read(const JsonValue& value, std::optional<KeepJobs>& out) {
  std::optional<std::int64_t> count;
  if (value.is_bool()) {
    out = value.get_bool() ? KeepJobs::none() : KeepJobs::all();
  } else if (read(value, count)) {
    out = KeepJobs::last(*count);
  } else if (const auto* const object = value.if_object()) {
    KeepJobs keep;
    if (!read_member(*object, "age", keep.age) || !read_member(*object, "count", keep.count) ||
        !read_member(*object, "limit", keep.limit)) {
      return false;
    }
    out = keep;
  } else {
    return false;
  }
  return true;
}

bool read(const JsonValue& value, std::optional<Backoff>& out) {
  Backoff backoff;
  if (read(value, backoff.delay)) {
    out = backoff;
    return true;
  }
  const auto* const object = value.if_object();
  std::optional<Text> type;
  if (object == nullptr || !read_member(*object, "type", type) ||
      !read_member(*object, "delay", backoff.delay) || !read_member(*object, "jitter", backoff.jitter)) {
    return false;
  }
  backoff.type = type.value_or("");
  out = backoff;
  return true;
}

bool read(const JsonValue& value, std::optional<Deduplication>& out) {
  const auto* const object = value.if_object();
  Deduplication deduplication;
  std::optional<Text> id;
  if (object == nullptr || !read_member(*object, "id", id) ||
      !read_member(*object, "ttl", deduplication.ttl) ||
      !read_member(*object, "extend", deduplication.extend) ||
      !read_member(*object, "replace", deduplication.replace) ||
      !read_member(*object, "keepLastIfActive", deduplication.keep_last_if_active) ||
      !read_member(*object, "reschedule", deduplication.reschedule)) {
    return false;
  }
  deduplication.id = id.value_or("");
  out = deduplication;
  return true;
}

bool read(const JsonValue& value, std::optional<Parent>& out) {
  const auto* const object = value.if_object();
  std::optional<Text> id;
  std::optional<Text> queue;
  if (object == nullptr || !read_member(*object, "id", id) || !read_member(*object, "queue", queue)) {
    return false;
  }
  out = Parent{id.value_or(""), queue.value_or("")};
  return true;
}

void refuse_float_priority(const JsonObject& object) {
  const JsonValue* const priority = object.if_contains("priority");
  if (priority == nullptr || !priority->is_double()) return;
  const double number = priority->get_double();
  if (std::trunc(number) != number) throw ValidationError("Priority should not be float");
}

void read_telemetry(JsonObject& object, JobOptions& options) {
  const auto found = object.find("telemetry");
  if (found == object.end()) return;
  const auto* const telemetry = found->value().if_object();
  if (telemetry == nullptr || !read_member(*telemetry, "metadata", options.telemetry_metadata) ||
      !read_member(*telemetry, "omitContext", options.omit_telemetry_context)) {
    refuse("telemetry", "{metadata, omitContext}", found->value());
  }
  object.erase(found);
}

void read_stored_telemetry(JsonObject& object, JobOptions& options) {
  const auto move_member = [&](const char* stored, auto& field) {
    const auto member = object.find(stored);
    if (member != object.end() && read(member->value(), field)) object.erase(member);
  };
  move_member("tm", options.telemetry_metadata);
  move_member("omc", options.omit_telemetry_context);
}

JobOptions parse(std::string_view text, Mode mode) {
  JobOptions options;
  auto parsed = detail::parse_json_object(text);
  if (!parsed) {
    if (mode == Mode::strict) throw ValidationError("job options: expected a JSON object");
    return options;
  }
  JsonObject& object = *parsed;
  if (mode == Mode::strict) refuse_float_priority(object);
  for_each_job_option([&](const auto& option) {
    const auto found = object.find(mode == Mode::strict ? option.name : option.stored);
    if (found == object.end()) return;
    if (found->value().is_null() || read(found->value(), options.*option.field)) {
      object.erase(found);
    } else if (mode == Mode::strict) {
      refuse(option.name, option.expected, found->value());
    } else {
      JsonValue whole = found->value();
      round_up(whole);
      if (read(whole, options.*option.field)) object.erase(found);
    }
  });
  if (mode == Mode::stored) {
    read_stored_telemetry(object, options);
  } else {
    if (object.contains("debounce"))
      throw ValidationError("Debounce option has been removed. Use deduplication option instead");
    read_telemetry(object, options);
  }
  if (!object.empty()) options.extra = detail::write_json(std::move(object), MemberOrder::sorted);
  return options;
}

JsonValue to_value(bool value) {
  return value;
}
JsonValue to_value(std::int64_t value) {
  return value;
}
JsonValue to_value(Milliseconds value) {
  return static_cast<std::int64_t>(value.count());
}
JsonValue to_value(const Text& value) {
  return JsonValue(boost::json::string_view(value.str()));
}
JsonValue to_value(const KeepJobs& keep) {
  if (keep.form == KeepJobs::Form::boolean) return keep.count == 0;
  if (keep.form == KeepJobs::Form::number) return keep.count.value_or(-1);
  JsonObject object;
  if (keep.age) object["age"] = static_cast<std::int64_t>(keep.age->count());
  if (keep.count) object["count"] = *keep.count;
  if (keep.limit) object["limit"] = *keep.limit;
  return object;
}
JsonValue to_value(const Backoff& backoff) {
  JsonObject object;
  object["type"] = to_value(backoff.type);
  if (backoff.delay) object["delay"] = to_value(*backoff.delay);
  if (backoff.jitter) object["jitter"] = *backoff.jitter;
  return object;
}
JsonValue to_value(const Deduplication& deduplication) {
  JsonObject object;
  object["id"] = to_value(deduplication.id);
  if (deduplication.ttl) object["ttl"] = to_value(*deduplication.ttl);
  if (deduplication.extend) object["extend"] = *deduplication.extend;
  if (deduplication.replace) object["replace"] = *deduplication.replace;
  if (deduplication.keep_last_if_active) object["keepLastIfActive"] = *deduplication.keep_last_if_active;
  if (deduplication.reschedule) object["reschedule"] = *deduplication.reschedule;
  return object;
}
JsonValue to_value(const Parent& parent) {
  JsonObject object;
  object["id"] = to_value(parent.id);
  object["queue"] = to_value(parent.queue);
  return object;
}

}  // namespace

JobOptions job_options_from_json(std::string_view text) {
  return parse(text, Mode::strict);
}

std::string job_options_to_json(const JobOptions& options) {
  JsonObject object = detail::parse_json_object(options.extra).value_or(JsonObject());
  for_each_job_option([&](const auto& option) {
    if (const auto& field = options.*option.field) object[option.name] = to_value(*field);
  });
  if (options.telemetry_metadata || options.omit_telemetry_context) {
    JsonObject telemetry;
    if (options.telemetry_metadata) telemetry["metadata"] = to_value(*options.telemetry_metadata);
    if (options.omit_telemetry_context) telemetry["omitContext"] = *options.omit_telemetry_context;
    object["telemetry"] = std::move(telemetry);
  }
  return detail::write_json(std::move(object), MemberOrder::sorted);
}

JobOptions merge(const JobOptions& defaults, const JobOptions& options) {
  JobOptions merged = options;
  for_each_job_option([&](const auto& option) {
    const auto& by_default = defaults.*option.field;
    if (by_default && !(merged.*option.field)) merged.*option.field = by_default;
  });
  // An id for every job of the queue would make each a duplicate of the first.
  if (!options.job_id) merged.job_id.reset();
  if (!merged.telemetry_metadata) merged.telemetry_metadata = defaults.telemetry_metadata;
  if (!merged.omit_telemetry_context) merged.omit_telemetry_context = defaults.omit_telemetry_context;
  if (defaults.extra.empty()) return merged;
  if (merged.extra.empty()) {
    merged.extra = defaults.extra;
  } else {
    auto object = detail::parse_json_object(defaults.extra);
    const auto over = detail::parse_json_object(merged.extra);
    if (object && over) {
      for (const auto& member : *over) (*object)[member.key()] = member.value();
      merged.extra = detail::write_json(std::move(*object), MemberOrder::sorted);
    }
  }
  return merged;
}

namespace detail {

JobOptions stored_job_options(std::string_view text) {
  if (text.empty() || text == "{}") return {};
  return parse(text, Mode::stored);
}

bool are_same_but_for_id(const JobOptions& a, const JobOptions& b) {
  bool same = a.telemetry_metadata == b.telemetry_metadata &&
              a.omit_telemetry_context == b.omit_telemetry_context && a.extra == b.extra;
  for_each_job_option([&](const auto& option) {
    if (std::string_view(option.name) != "jobId") same = same && a.*option.field == b.*option.field;
  });
  return same;
}

std::string stored_options_json(const JobOptions& options) {
  JsonObject object = parse_json_object(options.extra).value_or(JsonObject());
  // The scripts compare the attempts, so they are always there.
  if (!object.contains("attempts")) object["attempts"] = 0;
  for_each_job_option([&](const auto& option) {
    if (const auto& field = options.*option.field) object[option.stored] = to_value(*field);
  });
  if (options.telemetry_metadata) object["tm"] = to_value(*options.telemetry_metadata);
  if (options.omit_telemetry_context) object["omc"] = *options.omit_telemetry_context;
  return write_json(std::move(object), MemberOrder::sorted);
}

std::string parent_json(const JobOptions& options) {
  JsonObject parent;
  parent["id"] = to_value(options.parent->id);
  parent["queueKey"] = to_value(options.parent->queue);
  if (options.fail_parent_on_failure.value_or(false)) parent["fpof"] = true;
  if (options.remove_dependency_on_failure.value_or(false)) parent["rdof"] = true;
  if (options.ignore_dependency_on_failure.value_or(false)) parent["idof"] = true;
  if (options.continue_parent_on_failure.value_or(false)) parent["cpof"] = true;
  return write_json(std::move(parent));
}

}  // namespace detail
}  // namespace bullmq
