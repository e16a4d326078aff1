#include "shunt/generation/envelope.hpp"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "shunt/base/digest.hpp"
#include "shunt/base/json_object_reader.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/base/json_take_apart.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

void append_context(std::string& out, const GenerationRequest::Context& context) {
  JsonObjectWriter member(out);
  if (!context.traceparent.empty()) member.text("traceparent", context.traceparent);
  if (!context.tracestate.empty()) member.text("tracestate", context.tracestate);
  if (!context.tenant.empty()) member.text("tenant", context.tenant);
  if (!context.baggage.empty()) member.json("baggage", context.baggage);
  if (!context.dialect.empty()) member.json("dialect", context.dialect);
  member.members(context.unknown);
  member.close();
}

void append_options(std::string& out, const GenerationRequest::Options& options) {
  JsonObjectWriter member(out);
  if (options.timeout) member.number("timeout_ms", options.timeout->count());
  if (!options.metadata.empty()) member.json("metadata", options.metadata);
  member.members(options.unknown);
  member.close();
}

Result<void> check_texts(const GenerationRequest& request) {
  const std::pair<std::string_view, const std::string&> texts[] = {
      {"/model", request.model},
      {"/caller", request.caller},
      {"/context/traceparent", request.context.traceparent},
      {"/context/tracestate", request.context.tracestate},
      {"/context/tenant", request.context.tenant},
  };
  for (const auto& [pointer, text] : texts) {
    if (!is_valid_utf8(text)) return invalid_field(pointer, "not valid UTF-8", "invalid_utf8");
  }
  return {};
}

Result<void> check_values(const Envelope& envelope) {
  const GenerationRequest& request = envelope.request;
  if (request.model.empty()) return invalid_field("/model", "a model's name is required, got an empty text");
  if (auto checked = check_texts(request); !checked) return checked;
  // Within the envelope's text they lie deeper by so much, and what is encoded can be decoded.
  const auto limits = [](std::size_t levels) { return JsonLimits{JsonLimits().max_depth - levels}; };
  if (auto checked = check_json(request.input, "/input", limits(1)); !checked) return checked;
  if (!request.files.empty()) {
    if (auto checked = check_json(to_json(request.files), "/files", limits(1)); !checked) return checked;
  }
  const std::tuple<std::string_view, const JsonObject&, std::size_t> objects[] = {
      {"/context/baggage", request.context.baggage, 2}, {"/context/dialect", request.context.dialect, 2},
      {"/context", request.context.unknown, 1},         {"/options/metadata", request.options.metadata, 2},
      {"/options", request.options.unknown, 1},         {"", envelope.unknown, 0},
  };
  for (const auto& [pointer, object, levels] : objects) {
    if (object.empty()) continue;
    if (auto checked = check_json(object, pointer, limits(levels)); !checked) return checked;
  }
  return {};
}

using Presence = JsonObjectReader::Presence;

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  const std::string pointer = wrong.member_pointer();
  std::string message = "envelope member " + pointer;
  if (wrong.got == nullptr) return invalid_field(pointer, message + " is required");
  const std::string got =
      wrong.got->is_number() ? to_json_text(*wrong.got) : std::string(json_kind_name(*wrong.got));
  message.append(" expected ").append(wrong.expected).append(", got ").append(got);
  return invalid_field(pointer, std::move(message));
}

Result<void> check_version(const JsonObject& object) {
  const Json* version = object.if_contains("v");
  const bool known = version != nullptr && version->is_int64() && version->get_int64() >= kEnvelopeVersion &&
                     version->get_int64() <= kNewestEnvelopeVersion;
  if (known) return {};
  const std::string received = version == nullptr ? "none" : to_json_text(*version);
  return invalid_field(
             "/v",
             "expected envelope version 1 to " + std::to_string(kNewestEnvelopeVersion) + ", got " + received,
             error_code::kUnsupportedEnvelope)
      .with("received", received)
      .with("supported", JsonArray{kEnvelopeVersion, kNewestEnvelopeVersion});
}

std::optional<Error> decode_context(JsonObject object, GenerationRequest::Context& context) {
  JsonObjectReader members(std::move(object), "/context", wrong_member);
  context.traceparent = members.text("traceparent", Presence::kOptional);
  context.tracestate = members.text("tracestate", Presence::kOptional);
  context.tenant = members.text("tenant", Presence::kOptional);
  context.baggage = members.object("baggage", Presence::kOptional);
  context.dialect = members.object("dialect", Presence::kOptional);
  context.unknown = members.rest();
  return members.problem();
}

std::optional<Error> decode_options(JsonObject object, GenerationRequest::Options& options) {
  JsonObjectReader members(std::move(object), "/options", wrong_member);
  if (const auto timeout = members.integer("timeout_ms", Presence::kOptional)) {
    options.timeout = std::chrono::milliseconds(*timeout);
  }
  options.metadata = members.object("metadata", Presence::kOptional);
  options.unknown = members.rest();
  return members.problem();
}

std::optional<Error> decode_admission(const JsonObject& object, Admission& admission) {
  JsonObjectReader members(object, "/admission", wrong_member);
  admission.executor = members.text("executor");
  admission.reason = members.text("reason");
  admission.epoch = static_cast<std::uint64_t>(members.integer("epoch", Presence::kOptional).value_or(0));
  if (const auto bucket = members.integer("bucket", Presence::kOptional, kMostBucket))
    admission.bucket = static_cast<std::uint32_t>(*bucket);
  admission.salt = members.text("salt", Presence::kOptional);
  if (admission.salt.size() > kMaxAdmissionSaltBytes) {
    members.refuse("salt", "a text of at most " + std::to_string(kMaxAdmissionSaltBytes) + " bytes");
  }
  return members.problem();
}

// A version that every reader of it obeys: those of version 1 pass over the member.
void decode_on_lost(JsonObjectReader& members, Envelope& envelope) {
  if (members.find("on_lost") == nullptr) return;
  const auto on_lost = parse_on_lost(members.text("on_lost"));
  if (!on_lost) return members.refuse("on_lost", R"("rerun" or "fail")");
  envelope.on_lost = *on_lost;
  if (*on_lost == OnLost::kFail && envelope.version < kEnvelopeVersionOfOnLost)
    members.refuse("on_lost", R"("rerun" in version 1, whose readers do not know "fail")");
}

// As for on_lost: what an earlier version says in this member is not ours.
std::optional<Error> decode_files(JsonObjectReader& members, Envelope& envelope) {
  if (members.find("files") == nullptr) return members.problem();
  auto files = decode_input_files(members.object("files"));
  if (auto problem = members.problem()) return problem;
  if (!files) return std::move(files).error();
  if (envelope.version < kEnvelopeVersionOfFiles && !files->empty()) {
    members.refuse("files", "absent before version 3, whose readers know of files");
  }
  if (envelope.version < kEnvelopeVersionOfMessageFiles && has_message_files(*files)) {
    members.refuse("files", "without ids of files before version 4, whose readers look for them in messages");
  }
  envelope.request.files = std::move(*files);
  return members.problem();
}

WallTime wall_time(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

// Members in the order of their keys, so that the order in which a client wrote them does not matter.
void append_canonical(std::string& out, const Json& value) {
  if (const auto* array = value.if_array()) {
    out += '[';
    for (const Json& element : *array) {
      append_canonical(out, element);
      out += ',';
    }
    out += ']';
  } else if (const auto* object = value.if_object()) {
    std::vector<const boost::json::key_value_pair*> members;
    for (const auto& member : *object) members.push_back(&member);
    std::ranges::sort(members, {}, [](const auto* member) { return std::string_view(member->key()); });
    out += '{';
    for (const auto* member : members) {
      append_json_string(out, member->key());
      append_canonical(out, member->value());
    }
    out += '}';
  } else {
    append_json(out, value);
  }
}

int version_of(const Envelope& envelope) {
  if (has_message_files(envelope.request.files)) return kEnvelopeVersionOfMessageFiles;
  if (!envelope.request.files.empty()) return kEnvelopeVersionOfFiles;
  return envelope.on_lost == OnLost::kFail ? kEnvelopeVersionOfOnLost : kEnvelopeVersion;
}

std::string encode(const Envelope& envelope, const Json& input) {
  const GenerationRequest& request = envelope.request;
  std::string out;
  constexpr std::size_t kUsualBytes = 512;
  out.reserve(kUsualBytes);
  JsonObjectWriter member(out);
  member.number("v", version_of(envelope));
  std::string& id = member.begin("id");
  id += '"';
  envelope.id.append_to(id);
  id += '"';
  member.text("model", request.model);
  member.json("input", input);
  if (!request.files.empty()) member.json("files", to_json(request.files));
  member.text("caller", request.caller);
  append_context(member.begin("context"), request.context);
  append_options(member.begin("options"), request.options);
  JsonObjectWriter admission = member.object("admission");
  admission.text("executor", envelope.admission.executor);
  admission.text("reason", envelope.admission.reason);
  if (envelope.admission.epoch > 0) {
    admission.number("epoch", static_cast<std::int64_t>(envelope.admission.epoch));
    if (envelope.admission.bucket) admission.number("bucket", *envelope.admission.bucket);
    if (!envelope.admission.salt.empty()) admission.text("salt", envelope.admission.salt);
  }
  admission.close();
  if (envelope.on_lost == OnLost::kFail) member.text("on_lost", on_lost_name(envelope.on_lost));
  member.number("created_at", envelope.created_at.time_since_epoch().count());
  if (envelope.deadline) member.number("deadline", envelope.deadline->time_since_epoch().count());
  member.members(envelope.unknown);
  member.close();
  return out;
}

}  // namespace

Result<std::string> encode_envelope(const Envelope& envelope) {
  if (auto checked = check_values(envelope); !checked) return std::move(checked).error();
  return encode(envelope, envelope.request.input);
}

std::string encode_head(const Envelope& envelope) {
  return encode(envelope, JsonObject{});
}

Result<Envelope> decode_envelope(std::string_view text) {
  auto parsed = parse_json_to_take_apart(text);
  if (!parsed) return std::move(parsed).error();
  if (!parsed->is_object()) {
    return invalid_field("", "an envelope is a JSON object, got " + std::string(json_kind_name(*parsed)));
  }
  // The version comes first: everything else may mean something else in another one.
  if (auto checked = check_version(parsed->get_object()); !checked) return std::move(checked).error();

  Envelope envelope;
  JsonObjectReader members(std::move(parsed->get_object()), "", wrong_member);
  envelope.version = static_cast<int>(members.integer("v").value_or(kEnvelopeVersion));
  const std::string id = members.text("id");
  envelope.request.model = members.text("model");
  envelope.request.input = members.any("input");
  envelope.request.caller = members.text("caller", Presence::kOptional);
  JsonObject context = members.object("context", Presence::kOptional);
  JsonObject options = members.object("options", Presence::kOptional);
  const JsonObject admission = members.object("admission");
  const auto created_at = members.integer("created_at");
  const auto deadline = members.integer("deadline", Presence::kOptional);
  decode_on_lost(members, envelope);
  const auto refuse = [&members](std::string_view name, const std::string& why) {
    const std::string pointer = "/" + std::string(name);
    members.refuse(invalid_field(pointer, "envelope member " + pointer + ' ' + why));
  };
  if (created_at.value_or(0) > kLatestMs) refuse("created_at", "lies beyond the year 9999");
  if (deadline.value_or(0) > kLatestMs) refuse("deadline", "lies beyond the year 9999");
  const auto parsed_id = GenerationId::parse(id);
  if (!parsed_id) refuse("id", "expected \"gen_\" and a UUIDv7 in hex, got \"" + id + '"');
  if (envelope.request.model.empty()) refuse("model", "is empty");
  if (auto failure = decode_files(members, envelope)) return *std::move(failure);

  if (auto failure = decode_context(std::move(context), envelope.request.context)) return *std::move(failure);
  if (auto failure = decode_options(std::move(options), envelope.request.options)) return *std::move(failure);
  if (auto failure = decode_admission(admission, envelope.admission)) return *std::move(failure);
  envelope.id = *parsed_id;
  envelope.created_at = wall_time(*created_at);
  if (deadline) envelope.deadline = wall_time(*deadline);
  envelope.unknown = members.rest();
  return envelope;
}

Json input_with_files(const GenerationRequest& request, const std::map<std::string, std::string>& texts) {
  Json input = request.input;
  if (texts.empty()) return input;
  if (!input.is_object()) input.emplace_object();
  for (const auto& [member, text] : texts) input.get_object().insert_or_assign(member, text);
  return input;
}

std::string request_fingerprint(const GenerationRequest& request) {
  std::string canonical;
  append_json_string(canonical, request.model);
  append_canonical(canonical, request.input);
  if (!request.files.empty()) append_canonical(canonical, to_json(request.files));
  append_options(canonical, {request.options.timeout, {}, {}});
  append_canonical(canonical, request.options.metadata);
  return sha256_hex(canonical);
}

}  // namespace shunt::generation
