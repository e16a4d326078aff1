#include "representation/flip_report.hpp"

#include <algorithm>
#include <string_view>

#include "shunt/base/clock.hpp"

namespace shunt::api {
namespace {

// Redis, other processes and people have a say in nearly every text here.
Json text_of(std::string_view text) {
  return Json(boost::json::string_view(to_valid_utf8(text)));
}

double seconds_of(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

JsonArray names_of(const std::vector<std::string>& texts) {
  JsonArray names;
  for (const std::string& text : texts) names.emplace_back(text_of(text));
  return names;
}

JsonObject actor_object(const flip::Actor& actor) {
  return {{"kind", text_of(flip::actor_kind_name(actor.kind))}, {"name", text_of(actor.name)}};
}

// What is told of a record wherever one is told of.
JsonObject place_object(const flip::FlipRecord& record, std::string_view place) {
  JsonObject object{{"state", text_of(flip::state_name(record.state))},
                    {"acting", text_of(flip::state_name(flip::acting_state(record)))},
                    {"place", text_of(place)},
                    {"epoch", record.epoch},
                    {"since", format_rfc3339(record.since)},
                    {"by", actor_object(record.by)},
                    {"why", text_of(record.why)},
                    {"weight", flip::weight_of(record).text()}};
  const std::size_t step = record.before ? record.before->step : record.step;
  if (flip::acting_state(record) == flip::FlipState::kCanary) object.emplace("step", step + 1);
  if (record.before) object.emplace("before", text_of(flip::state_name(record.before->state)));
  if (record.cool_down_until > WallTime{})
    object.emplace("cool_down_until", format_rfc3339(record.cool_down_until));
  return object;
}

JsonObject store_object(const flip::FlipStatus& status) {
  JsonObject store{{"readable", status.store_readable}};
  if (status.store_readable) return store;
  store.emplace("problem", text_of(status.store_problem));
  store.emplace("unreadable_seconds", seconds_of(status.store_unreadable_for));
  return store;
}

JsonArray processes_of(const flip::FlipStatus& status) {
  JsonArray processes;
  for (const flip::ApiProcess& process : status.processes) {
    processes.push_back(JsonObject{{"process", text_of(process.process)},
                                   {"host", text_of(process.host)},
                                   {"pid", process.pid},
                                   {"epoch", process.epoch},
                                   {"version", text_of(process.version)},
                                   {"build", text_of(process.build)},
                                   {"started_at", format_rfc3339(process.started_at)}});
  }
  return processes;
}

JsonObject tick_object(const flip::TickReport& tick) {
  JsonObject object{{"process", text_of(tick.process)},
                    {"at", format_rfc3339(tick.at)},
                    {"epoch", tick.epoch},
                    {"clock_seconds", seconds_of(tick.progress.clock)},
                    {"verdict", flip::verdict_object(tick.verdict)},
                    {"silent", names_of(tick.silent)}};
  if (!tick.alert.empty()) object.emplace("alert", text_of(tick.alert));
  if (tick.jobs_seen) object.emplace("jobs_seen", *tick.jobs_seen);
  return object;
}

JsonObject kept_object(const flip::KeptThings& kept) {
  JsonObject object{{"count", kept.count}};
  if (kept.until) object.emplace("until", format_rfc3339(*kept.until));
  return object;
}

JsonObject end_object(const flip::ShadowEnd& end) {
  JsonObject object{
      {"state", text_of(to_string(end.state))}, {"bytes", end.bytes}, {"sha256", text_of(end.sha256)}};
  if (!end.error_code.empty()) object.emplace("error", text_of(end.error_code));
  if (!end.content.empty()) object.emplace("content", text_of(end.content));
  return object;
}

JsonObject mismatch_object(const flip::ShadowMismatch& mismatch) {
  return {{"at", format_rfc3339(mismatch.at)},
          {"model", text_of(mismatch.model)},
          {"generation", text_of(mismatch.generation)},
          {"class", text_of(flip::shadow_class_name(mismatch.finding.result))},
          {"where", text_of(mismatch.finding.where)},
          {"control", end_object(mismatch.control)},
          {"candidate", end_object(mismatch.candidate)}};
}

}  // namespace

JsonObject flip_status_object(const flip::FlipStatus& status) {
  JsonObject object = place_object(status.record, status.place);
  object["weight"] = JsonObject{{"wanted", status.wanted.text()},
                                {"seen", status.seen ? Json(*status.seen) : Json(nullptr)}};
  object.emplace("next", text_of(status.next));
  if (status.next_at) object.emplace("next_at", format_rfc3339(*status.next_at));
  object.emplace("undo", text_of(status.undo));
  object.emplace("store", store_object(status));
  object.emplace("blind", status.blind);
  object.emplace("unmerged", status.unmerged);
  object.emplace("converged", status.converged);
  object.emplace("process", text_of(status.process));
  object.emplace("processes", processes_of(status));
  if (status.last_tick) object.emplace("last_tick", tick_object(*status.last_tick));
  object.emplace("plan", flip::plan_object(status.record.plan));
  return object;
}

JsonObject sync_capacity_object(const flip::FleetFacts& fleet) {
  JsonArray models;
  for (const flip::FleetFacts::Model& model : fleet.models) {
    models.push_back(JsonObject{{"name", text_of(model.name)},
                                {"sync_slots", model.sync_slots},
                                {"arrivals_per_second", model.arrivals_per_second},
                                {"mean_run_seconds", seconds_of(model.mean_run)}});
  }
  return {{"refused_share", flip::refused_share_in_sync(fleet)}, {"models", std::move(models)}};
}

JsonObject flip_change_object(const flip::FlipChange& change) {
  JsonObject object = place_object(change.record, change.place);
  object.emplace("undo", text_of(change.undo));
  object.emplace("stored", change.stored);
  object.emplace("not_reached", names_of(change.not_reached));
  return object;
}

JsonObject preflight_object(const std::vector<flip::Check>& checks) {
  JsonArray rows;
  auto worst = flip::CheckOutcome::kPass;
  for (const flip::Check& check : checks) {
    worst = std::max(worst, check.outcome);
    rows.push_back(JsonObject{{"name", text_of(check.name)},
                              {"outcome", text_of(flip::check_outcome_name(check.outcome))},
                              {"found", text_of(check.found)},
                              {"advice", text_of(check.advice)}});
  }
  return {{"outcome", text_of(flip::check_outcome_name(worst))},
          {"failing", names_of(flip::failing(checks, {}))},
          {"checks", std::move(rows)}};
}

JsonObject drain_object(const flip::DrainFacts& facts, const flip::AcceptedLoss& accepted) {
  const flip::DrainVerdict verdict = flip::judge_drain(facts, accepted);
  JsonArray work;
  for (const flip::OpenWork& model : facts.work) {
    work.push_back(JsonObject{{"model", text_of(model.model)},
                              {"waiting", model.waiting},
                              {"active", model.active},
                              {"delayed", model.delayed},
                              {"awaited", model.awaited},
                              {"total", model.total()}});
  }
  return {{"stage", text_of(flip::drain_stage_name(verdict.stage))},
          {"may_disconnect", verdict.may_disconnect},
          {"reasons", names_of(verdict.reasons)},
          {"state", text_of(flip::state_name(facts.state))},
          {"sends_to_queue", facts.sends_to_queue},
          {"unaware", names_of(facts.unaware)},
          {"work", std::move(work)},
          {"results", kept_object(facts.results)},
          {"keys", kept_object(facts.keys)}};
}

JsonObject flip_log_object(const flip::FlipLogPage& page) {
  JsonArray entries;
  for (const flip::AuditEntry& entry : page.entries) {
    // The same members as in the stream and the file, so that what is told can be checked against them.
    auto line = parse_json(flip::audit_line(entry));
    entries.push_back(line ? std::move(*line)
                           : Json(JsonObject{{"seq", entry.seq}, {"problem", line.error().message}}));
  }
  return {{"entries", std::move(entries)}, {"next", page.next ? Json(*page.next) : Json(nullptr)}};
}

JsonObject shadow_object(const flip::FleetShadow& fleet, const std::vector<flip::ShadowMismatch>& mismatches,
                         std::size_t most) {
  const flip::ShadowCounts& counts = fleet.counts;
  JsonObject compared;
  for (std::size_t i = 0; i < flip::kShadowClasses; ++i) {
    compared.emplace(flip::shadow_class_name(static_cast<flip::ShadowClass>(i)), counts.compared.at(i));
  }
  JsonObject dropped;
  for (const auto& [why, count] : counts.dropped) dropped.insert_or_assign(why, count);
  JsonArray latest;
  const std::size_t kept = mismatches.size();
  for (std::size_t i = kept - std::min(most, kept); i < kept; ++i) {
    latest.push_back(mismatch_object(mismatches[i]));
  }
  return {{"epoch", counts.epoch},
          {"processes", fleet.processes},
          {"sampled", counts.sampled},
          {"made", counts.made()},
          {"mismatches", counts.mismatches()},
          {"compared", std::move(compared)},
          {"noise", JsonObject{{"compared", counts.noise_compared}, {"mismatches", counts.noise_mismatches}}},
          {"dropped", std::move(dropped)},
          {"latest", std::move(latest)}};
}

JsonObject chain_object(const flip::ChainReport& report) {
  JsonObject object{{"intact", report.intact()},
                    {"entries", report.entries},
                    {"first", report.first},
                    {"last", report.last},
                    {"hash", text_of(report.hash)}};
  if (report.problem) object.emplace("problem", text_of(*report.problem));
  return object;
}

}  // namespace shunt::api
