#include "shunt/generation/envelope.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "shunt/base/digest.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt {
namespace {

class MemberAppender {
 public:
  explicit MemberAppender(std::string& out) : out_(out) { out_ += '{'; }
  void text(std::string_view key, std::string_view value) {
    begin(key);
    append_json_string(out_, value);
  }
  void json(std::string_view key, const Json& value) {
    begin(key);
    append_json(out_, value);
  }
  void number(std::string_view key, std::int64_t value) {
    begin(key);
    out_ += std::to_string(value);
  }
  void members(const JsonObject& object) {
    for (const auto& member : object) json(member.key(), member.value());
  }
  // Opens an object as the member's value; the caller closes it.
  void begin(std::string_view key) {
    if (out_.back() != '{') out_ += ',';
    append_json_string(out_, key);
    out_ += ':';
  }
  void close() { out_ += '}'; }

 private:
  std::string& out_;
};

void append_context(std::string& out, const GenerationRequest::Context& context) {
  MemberAppender member(out);
  if (!context.traceparent.empty()) member.text("traceparent", context.traceparent);
  if (!context.tracestate.empty()) member.text("tracestate", context.tracestate);
  if (!context.tenant.empty()) member.text("tenant", context.tenant);
  if (!context.baggage.empty()) member.json("baggage", context.baggage);
  member.members(context.unknown);
  member.close();
}

void append_options(std::string& out, const GenerationRequest::Options& options) {
  MemberAppender member(out);
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
  const std::tuple<std::string_view, const JsonObject&, std::size_t> objects[] = {
      {"/context/baggage", request.context.baggage, 2},
      {"/context", request.context.unknown, 1},
      {"/options/metadata", request.options.metadata, 2},
      {"/options", request.options.unknown, 1},
      {"", envelope.unknown, 0},
  };
  for (const auto& [pointer, object, levels] : objects) {
    if (object.empty()) continue;
    if (auto checked = check_json(object, pointer, limits(levels)); !checked) return checked;
  }
  return {};
}

std::string_view name_of(boost::json::kind kind) {
  switch (kind) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return "an integer";
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      return "an object";
  }
  return "nothing";
}

// Takes members out of an object one by one; what is left at the end is unknown to this version. The first
// thing wrong is remembered, and later calls do nothing.
class MemberTaker {
 public:
  MemberTaker(JsonObject object, std::string_view pointer) : object_(std::move(object)), pointer_(pointer) {}

  enum class Presence { kRequired, kOptional };

  void text(std::string_view key, std::string& to, Presence presence) {
    if (Json* value = expect(key, boost::json::kind::string, presence)) {
      to.assign(value->get_string().data(), value->get_string().size());
    }
  }
  // An integer from 0 on.
  std::optional<std::int64_t> number(std::string_view key, Presence presence) {
    const Json* value = expect(key, boost::json::kind::int64, presence);
    if (value == nullptr) return std::nullopt;
    if (value->get_int64() >= 0) return value->get_int64();
    wrong(key, "expected an integer from 0 on, got " + std::to_string(value->get_int64()));
    return std::nullopt;
  }
  void object(std::string_view key, JsonObject& to, Presence presence) {
    if (Json* value = expect(key, boost::json::kind::object, presence)) to = std::move(value->get_object());
  }
  // Whatever value it is.
  void any(std::string_view key, Json& to) {
    if (Json* value = find(key)) {
      to = std::move(*value);
    } else {
      wrong(key, "is required");
    }
  }
  void wrong(std::string_view key, std::string message) {
    if (failure_) return;
    const std::string pointer = std::string(pointer_) + '/' + std::string(key);
    failure_ = invalid_field(pointer, "envelope member " + pointer + ' ' + std::move(message));
  }

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  [[nodiscard]] JsonObject rest() {
    JsonObject left;
    if (taken_ == object_.size()) return left;  // the usual case
    for (auto& member : object_) {
      if (std::ranges::find(taken_keys_, member.key()) == taken_keys_.end()) {
        left.emplace(member.key(), std::move(member.value()));
      }
    }
    return left;
  }

 private:
  Json* find(std::string_view key) {
    Json* const value = object_.if_contains(key);
    if (value != nullptr) taken_keys_[taken_++] = key;
    return value;
  }

  Json* expect(std::string_view key, boost::json::kind kind, Presence presence) {
    if (failure_) return nullptr;
    Json* const value = find(key);
    if (value == nullptr) {
      if (presence == Presence::kRequired) wrong(key, "is required");
      return nullptr;
    }
    if (value->kind() == kind) return value;
    wrong(key, "expected " + std::string(name_of(kind)) + ", got " + std::string(name_of(value->kind())));
    return nullptr;
  }

  JsonObject object_;
  const std::string_view pointer_;
  // Not erased from the object one by one: that would move the others each time.
  std::array<boost::json::string_view, 12> taken_keys_;  // more than any object of the envelope has
  std::size_t taken_ = 0;
  std::optional<Error> failure_;
};

using Presence = MemberTaker::Presence;

Result<void> check_version(const JsonObject& object) {
  const Json* version = object.if_contains("v");
  if (version != nullptr && version->is_int64() && version->get_int64() == kEnvelopeVersion) return {};
  const std::string received = version == nullptr ? "none" : to_json_text(*version);
  return invalid_field("/v", "expected envelope version 1, got " + received, error_code::kUnsupportedEnvelope)
      .with("received", received)
      .with("supported", JsonArray{kEnvelopeVersion});
}

std::optional<Error> decode_context(JsonObject object, GenerationRequest::Context& context) {
  MemberTaker members(std::move(object), "/context");
  members.text("traceparent", context.traceparent, Presence::kOptional);
  members.text("tracestate", context.tracestate, Presence::kOptional);
  members.text("tenant", context.tenant, Presence::kOptional);
  members.object("baggage", context.baggage, Presence::kOptional);
  context.unknown = members.rest();
  return members.failure();
}

std::optional<Error> decode_options(JsonObject object, GenerationRequest::Options& options) {
  MemberTaker members(std::move(object), "/options");
  if (const auto timeout = members.number("timeout_ms", Presence::kOptional)) {
    options.timeout = std::chrono::milliseconds(*timeout);
  }
  members.object("metadata", options.metadata, Presence::kOptional);
  options.unknown = members.rest();
  return members.failure();
}

std::optional<Error> decode_admission(JsonObject object, Admission& admission) {
  MemberTaker members(std::move(object), "/admission");
  members.text("executor", admission.executor, Presence::kRequired);
  members.text("reason", admission.reason, Presence::kRequired);
  return members.failure();
}

// 9999-12-31T23:59:59.999Z: later times have no form that clients read.
constexpr std::int64_t kLatestMs = 253'402'300'799'999;

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

std::string encode(const Envelope& envelope, const Json& input) {
  const GenerationRequest& request = envelope.request;
  std::string out;
  out.reserve(512);
  MemberAppender member(out);
  member.number("v", envelope.version);
  member.text("id", envelope.id.to_string());
  member.text("model", request.model);
  member.json("input", input);
  member.text("caller", request.caller);
  member.begin("context");
  append_context(out, request.context);
  member.begin("options");
  append_options(out, request.options);
  member.begin("admission");
  MemberAppender admission(out);
  admission.text("executor", envelope.admission.executor);
  admission.text("reason", envelope.admission.reason);
  admission.close();
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
  auto parsed = parse_json(text);
  if (!parsed) return std::move(parsed).error();
  if (!parsed->is_object()) {
    return invalid_field("", "an envelope is a JSON object, got " + std::string(name_of(parsed->kind())));
  }
  // The version comes first: everything else may mean something else in another one.
  if (auto checked = check_version(parsed->get_object()); !checked) return std::move(checked).error();

  Envelope envelope;
  MemberTaker members(std::move(parsed->get_object()), "");
  envelope.version = static_cast<int>(members.number("v", Presence::kRequired).value_or(kEnvelopeVersion));
  std::string id;
  JsonObject context;
  JsonObject options;
  JsonObject admission;
  members.text("id", id, Presence::kRequired);
  members.text("model", envelope.request.model, Presence::kRequired);
  members.any("input", envelope.request.input);
  members.text("caller", envelope.request.caller, Presence::kOptional);
  members.object("context", context, Presence::kOptional);
  members.object("options", options, Presence::kOptional);
  members.object("admission", admission, Presence::kRequired);
  const auto created_at = members.number("created_at", Presence::kRequired);
  const auto deadline = members.number("deadline", Presence::kOptional);
  if (created_at.value_or(0) > kLatestMs) members.wrong("created_at", "lies beyond the year 9999");
  if (deadline.value_or(0) > kLatestMs) members.wrong("deadline", "lies beyond the year 9999");
  const auto parsed_id = GenerationId::parse(id);
  if (!parsed_id) members.wrong("id", "expected \"gen_\" and a UUIDv7 in hex, got \"" + id + '"');
  if (envelope.request.model.empty()) members.wrong("model", "is empty");
  if (members.failure()) return *members.failure();

  if (auto failure = decode_context(std::move(context), envelope.request.context)) return *std::move(failure);
  if (auto failure = decode_options(std::move(options), envelope.request.options)) return *std::move(failure);
  if (auto failure = decode_admission(std::move(admission), envelope.admission)) return *std::move(failure);
  envelope.id = *parsed_id;
  envelope.created_at = wall_time(*created_at);
  if (deadline) envelope.deadline = wall_time(*deadline);
  envelope.unknown = members.rest();
  return envelope;
}

std::string request_fingerprint(const GenerationRequest& request) {
  std::string canonical;
  append_json_string(canonical, request.model);
  append_canonical(canonical, request.input);
  append_options(canonical, {request.options.timeout, {}, {}});
  append_canonical(canonical, request.options.metadata);
  return sha256_hex(canonical);
}

}  // namespace shunt
