#include <algorithm>
#include <utility>

#include "shunt/base/duration_text.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/flip/record.hpp"
#include "strict_members.hpp"

namespace shunt::flip {
namespace {

constexpr std::chrono::milliseconds kYear = std::chrono::hours(24 * 365);

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  const std::string pointer = wrong.member_pointer();
  std::string message = "flip record: " + pointer;
  if (wrong.got == nullptr) return invalid_field(pointer, message + " is required", "invalid_flip_record");
  message.append(": expected ").append(wrong.expected).append(", got ").append(json_kind_name(*wrong.got));
  return invalid_field(pointer, std::move(message), "invalid_flip_record");
}

bool is_salt(std::string_view text) noexcept {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return !text.empty() && text.size() <= kMaxSaltBytes &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Required ones, which StrictMembers leaves alone when they are missing.
FlipState read_state(StrictMembers& members) {
  const auto state = parse_state(members.reader().text("state"));
  if (!state) members.reader().refuse("state", "a state's name");
  return state.value_or(FlipState::kOff);
}

WallTime read_time(StrictMembers& members, std::string_view name) {
  const auto time = parse_rfc3339(members.reader().text(name));
  if (!time) members.reader().refuse(name, "a time as in 2026-11-28T06:00:00.000Z");
  return time.value_or(WallTime{});
}

std::size_t read_step(StrictMembers& members) {
  std::uint64_t step = 0;
  members.count("step", step, kMaxSteps - 1);
  return static_cast<std::size_t>(step);
}

std::optional<Error> read_by(JsonObject object, Actor& by) {
  StrictMembers members(std::move(object), "/by", wrong_member);
  const std::string word = members.reader().text("kind");
  bool known = false;
  for (const auto kind :
       {ActorKind::kPerson, ActorKind::kController, ActorKind::kBreaker, ActorKind::kConfiguration}) {
    if (word != actor_kind_name(kind)) continue;
    by.kind = kind;
    known = true;
  }
  if (!known) members.reader().refuse("kind", "person, controller, breaker or configuration");
  members.line("name", by.name, kMaxActorBytes);
  if (auto finished = members.finish(); !finished) return finished.error();
  return std::nullopt;
}

std::optional<Error> read_before(JsonObject object, std::optional<Resting>& before) {
  StrictMembers members(std::move(object), "/before", wrong_member);
  before = Resting{read_state(members), read_step(members)};
  if (auto finished = members.finish(); !finished) return finished.error();
  return std::nullopt;
}

// Whether the record is in a place that its plan has.
bool is_step(const FlipRecord& record, FlipState state, std::size_t step) noexcept {
  return state == FlipState::kCanary ? step < record.plan.steps.size() : step == 0;
}

Result<void> check_place(const FlipRecord& record) {
  if (!is_step(record, record.state, record.step)) {
    return invalid_field("/step", "flip record: /step: not a step of the plan, or of a state without steps",
                         "invalid_flip_record");
  }
  const bool rests = record.state == FlipState::kHeld || is_forced(record.state);
  if (rests != record.before.has_value()) {
    return invalid_field("/before", "flip record: /before: held and forced states have it, and no other",
                         "invalid_flip_record");
  }
  if (!record.before) return {};
  const FlipState before = record.before->state;
  const bool can_rest =
      before == FlipState::kDark || before == FlipState::kShadow || before == FlipState::kCanary;
  const bool can_force = before == FlipState::kOff || before == FlipState::kFull;
  if (!is_step(record, before, record.before->step) ||
      !(can_rest || (can_force && is_forced(record.state)))) {
    return invalid_field("/before", "flip record: /before: not a place from which this state is reached",
                         "invalid_flip_record");
  }
  return {};
}

void read_head(StrictMembers& members, FlipRecord& record) {
  const auto epoch = members.reader().integer("epoch");
  record.epoch = static_cast<std::uint64_t>(epoch.value_or(0));
  if (epoch == 0 || epoch == kMaxSafeInteger) members.reader().refuse("epoch", "an integer from 1 on");
  record.state = read_state(members);
  record.step = read_step(members);
  record.salt = members.reader().text("salt");
  if (!is_salt(record.salt))
    members.reader().refuse("salt", "1 to 32 letters, digits, hyphens and underscores");
  record.since = read_time(members, "since");
  members.line("why", record.why, kMaxWhyBytes);
  members.line("build", record.build, kMaxBuildBytes);
  if (members.reader().find("cool_down_until") != nullptr) {
    record.cool_down_until = read_time(members, "cool_down_until");
  }
  members.duration("cool_down", record.cool_down, std::chrono::milliseconds(0), kYear);
}

Result<JsonObject> read_object(std::string_view text) {
  if (text.size() > kMaxRecordBytes) {
    return Error{"invalid_flip_record", "flip record: at most " + std::to_string(kMaxRecordBytes) +
                                            " bytes, got " + std::to_string(text.size())};
  }
  auto parsed = parse_json(text, {.max_depth = 8, .max_members = 64});
  if (!parsed) return Error{"invalid_flip_record", "flip record: " + parsed.error().message};
  if (!parsed->is_object()) {
    return Error{"invalid_flip_record",
                 "flip record: expected an object, got " + std::string(json_kind_name(*parsed))};
  }
  return std::move(parsed->get_object());
}

}  // namespace

Result<FlipRecord> parse_record(std::string_view text) {
  auto object = read_object(text);
  if (!object) return object.error();
  StrictMembers members(std::move(*object), "", wrong_member);
  const auto version = members.reader().integer("v");
  if (version != kRecordVersion) {
    return invalid_field(
        "/v", "flip record: expected version 1; a later version of this program may have written it",
        "invalid_flip_record");
  }
  FlipRecord record;
  read_head(members, record);
  if (auto problem = read_by(members.reader().object("by"), record.by)) members.reader().refuse(*problem);
  const JsonObject plan_members = members.reader().object("plan");
  if (auto plan = parse_plan(plan_members, "/plan")) {
    record.plan = std::move(*plan);
  } else {
    members.reader().refuse(plan.error());
  }
  if (members.reader().find("before") != nullptr) {
    if (auto problem = read_before(members.reader().object("before"), record.before)) {
      members.reader().refuse(*problem);
    }
  }
  if (auto finished = members.finish(); !finished) return finished.error();
  if (auto checked = check_place(record); !checked) return checked.error();
  return record;
}

std::string record_text(const FlipRecord& record) {
  std::string text;
  JsonObjectWriter members(text);
  members.number("v", kRecordVersion);
  members.number("epoch", record.epoch);
  members.text("state", state_name(record.state));
  if (record.step != 0) members.number("step", record.step);
  members.text("salt", record.salt);
  members.time("since", record.since);
  JsonObjectWriter by = members.object("by");
  by.text("kind", actor_kind_name(record.by.kind));
  if (!record.by.name.empty()) by.text("name", record.by.name);
  by.close();
  if (!record.why.empty()) members.text("why", record.why);
  if (record.before) {
    JsonObjectWriter before = members.object("before");
    before.text("state", state_name(record.before->state));
    if (record.before->step != 0) before.number("step", record.before->step);
    before.close();
  }
  if (record.cool_down_until != WallTime{}) members.time("cool_down_until", record.cool_down_until);
  if (record.cool_down.count() != 0) members.text("cool_down", format_duration(record.cool_down));
  if (!record.build.empty()) members.text("build", record.build);
  members.json("plan", plan_object(record.plan));
  members.close();
  return text;
}

}  // namespace shunt::flip
