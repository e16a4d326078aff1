#include "representation/flip_order.hpp"

#include <algorithm>
#include <utility>

#include "representation/problem.hpp"
#include "representation/strict_body.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_reader.hpp"
#include "shunt/flip/audit.hpp"
#include "shunt/flip/record.hpp"

namespace shunt::api {
namespace {

using flip::kMaxOverrideBytes;
using flip::kMaxOverrides;
using flip::kMaxWhyBytes;
using Presence = JsonObjectReader::Presence;

// A text that will stand in the record, in the log and on terminals.
Result<void> check_line(std::string_view pointer, std::string_view text, std::size_t limit) {
  const std::string name = '"' + std::string(pointer.substr(1)) + '"';
  if (text.size() > limit) {
    return invalid_field(pointer, name + " may have at most " + std::to_string(limit) + " bytes, got " +
                                      std::to_string(text.size()))
        .with("limit", limit)
        .with("received", text.size());
  }
  if (!is_displayable(text)) {
    return invalid_field(pointer, name + " must be one line without control characters")
        .with("received", excerpt(displayable(text)));
  }
  return {};
}

Result<void> only_known_of(const JsonObject& object, FlipBody which) {
  switch (which) {
    case FlipBody::kMove:
      return only_known(object, "", {"why", "overrides"});
    case FlipBody::kStart:
      return only_known(object, "", {"plan", "why", "overrides"});
    case FlipBody::kForce:
      return only_known(object, "", {"executor", "why", "overrides"});
    case FlipBody::kPlan:
      break;
  }
  return only_known(object, "", {"plan"});
}

Result<void> read_plan(const JsonObject& object, FlipOrder& out) {
  const Json* const value = object.if_contains("plan");
  if (value == nullptr) return {};
  if (!value->is_object()) return wrong_type("/plan", "an object", *value);
  auto plan = flip::parse_plan(value->get_object(), "/plan");
  if (!plan) return std::move(plan).error();
  out.plan = std::move(*plan);
  return {};
}

Result<void> read_overrides(const JsonObject& object, FlipOrder& out) {
  const Json* const value = object.if_contains("overrides");
  if (value == nullptr) return {};
  if (!value->is_array()) return wrong_type("/overrides", "a list of names", *value);
  const JsonArray& names = value->get_array();
  if (names.size() > kMaxOverrides) {
    return invalid_field("/overrides", "\"overrides\" may have at most " + std::to_string(kMaxOverrides) +
                                           " names, got " + std::to_string(names.size()))
        .with("limit", kMaxOverrides)
        .with("received", names.size());
  }
  for (const Json& name : names) {
    const std::string pointer = "/overrides/" + std::to_string(out.overrides.size());
    if (!name.is_string() || name.get_string().empty())
      return wrong_type(pointer, "a name such as \"redis.memory\" or \"cool_down\"", name);
    const std::string_view text = name.get_string();
    if (auto checked = check_line(pointer, text, kMaxOverrideBytes); !checked) return checked;
    out.overrides.emplace_back(text);
  }
  return {};
}

Result<void> read_executor(const JsonObject& object, FlipOrder& out) {
  constexpr std::string_view kExpected = R"("executor" must be "sync" or "queue")";
  const Json* const value = object.if_contains("executor");
  if (value == nullptr) return invalid_field("/executor", std::string(kExpected) + ", and is missing");
  if (!value->is_string()) return wrong_type("/executor", R"("sync" or "queue")", *value);
  const std::string_view name = value->get_string();
  if (name == "sync") out.force = flip::FlipEvent::kForceSync;
  if (name == "queue") out.force = flip::FlipEvent::kForceQueue;
  if (out.force) return {};
  return invalid_field("/executor", std::string(kExpected)).with("received", excerpt(displayable(name)));
}

}  // namespace

Result<FlipOrder> decode_flip_order(std::string_view body, FlipBody which, const JsonLimits& limits) {
  JsonObject object;
  if (!body.empty()) {
    auto parsed = parse_object(body, limits);
    if (!parsed) return std::move(parsed).error();
    object = std::move(*parsed);
  }
  if (auto known = only_known_of(object, which); !known) return std::move(known).error();
  FlipOrder order;
  JsonObjectReader members(object, "", wrong_member);
  order.why = members.text("why", Presence::kOptional);
  if (members.problem()) return *members.problem();
  if (auto checked = check_line("/why", order.why, kMaxWhyBytes); !checked) return std::move(checked).error();
  if (auto read = read_plan(object, order); !read) return std::move(read).error();
  if (auto read = read_overrides(object, order); !read) return std::move(read).error();
  if (which != FlipBody::kForce) return order;
  if (auto read = read_executor(object, order); !read) return std::move(read).error();
  return order;
}

}  // namespace shunt::api
