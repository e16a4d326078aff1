// Job options as the scripts take them: MessagePack.
#include <utility>

#include "core/job_option_table.hpp"
#include "core/job_options_codec.hpp"
#include "core/json_value.hpp"
#include "core/msgpack_writer.hpp"

namespace bullmq::detail {
namespace {

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
void pack(MsgpackWriter& out, const Text& value) {
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
  const std::optional<Text> type = backoff.type;
  pack_members(out, 0, member("type", type), member("delay", backoff.delay),
               member("jitter", backoff.jitter));
}

void pack(MsgpackWriter& out, const Deduplication& deduplication) {
  const std::optional<Text> id = deduplication.id;
  pack_members(out, 0, member("id", id), member("ttl", deduplication.ttl),
               member("extend", deduplication.extend), member("replace", deduplication.replace),
               member("keepLastIfActive", deduplication.keep_last_if_active),
               member("reschedule", deduplication.reschedule));
}

void pack(MsgpackWriter& out, const Parent& parent) {
  out.map(2).text("id").text(parent.id).text("queue").text(parent.queue);
}

std::string_view view(boost::json::string_view text) {
  return {text.data(), text.size()};
}

// Options that this version does not know, of any shape. parse_json bounds how deep they are.
void pack(MsgpackWriter& out, const JsonValue& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out.nil();
      break;
    case boost::json::kind::bool_:
      out.boolean(value.get_bool());
      break;
    case boost::json::kind::int64:
      out.integer(value.get_int64());
      break;
    case boost::json::kind::uint64:
      out.natural(value.get_uint64());
      break;
    case boost::json::kind::double_:
      out.number(value.get_double());
      break;
    case boost::json::kind::string:
      out.text(view(value.get_string()));
      break;
    case boost::json::kind::array:
      out.array(value.get_array().size());
      for (const JsonValue& element : value.get_array()) pack(out, element);
      break;
    case boost::json::kind::object:
      out.map(value.get_object().size());
      for (const auto& each : value.get_object()) {
        out.text(view(each.key()));
        pack(out, each.value());
      }
      break;
  }
}

}  // namespace

void pack_job_options(const JobOptions& options, std::string& out) {
  static const JobOptions kNone{};
  if (options == kNone) {
    out +=
        "\x81\xa8"
        "attempts";
    out += '\0';
    return;
  }
  JsonObject extra;
  if (!options.extra.empty()) extra = parse_json_object(options.extra).value_or(JsonObject());
  std::size_t members = extra.size();
  for_each_job_option([&](const auto& option) { members += options.*option.field ? 1 : 0; });
  // The scripts compare the attempts, so they are always there.
  const bool has_attempts = options.attempts || extra.contains("attempts");
  members += has_attempts ? 0 : 1;
  members += (options.telemetry_metadata ? 1 : 0) + (options.omit_telemetry_context ? 1 : 0);
  MsgpackWriter writer(out);
  writer.map(members);
  if (!has_attempts) writer.text("attempts").integer(0);
  for_each_job_option([&](const auto& option) {
    const auto& field = options.*option.field;
    if (!field) return;
    writer.text(option.stored);
    pack(writer, *field);
  });
  if (options.telemetry_metadata) writer.text("tm").text(*options.telemetry_metadata);
  if (options.omit_telemetry_context) writer.text("omc").boolean(*options.omit_telemetry_context);
  for (const auto& each : extra) {
    writer.text(view(each.key()));
    pack(writer, each.value());
  }
}

void pack_keep_jobs(const KeepJobs& keep, std::string& out) {
  // The finish script knows only the object.
  MsgpackWriter writer(out);
  pack_members(writer, 0, member("age", keep.age), member("count", keep.count), member("limit", keep.limit));
}

}  // namespace bullmq::detail
