#include "store/fleet_reports.hpp"

#include <algorithm>
#include <utility>

#include "shunt/base/json_object_writer.hpp"
#include "store/loose_members.hpp"
#include "store/verdict_object.hpp"

namespace shunt::flip {
namespace {

constexpr std::size_t kMaxProcessBytes = 256;
constexpr std::size_t kMaxSilent = 50;

std::optional<JsonObject> object_of(std::string_view text) {
  if (text.size() > kMaxReportBytes) return std::nullopt;
  auto parsed = parse_json(text, {.max_depth = 6, .max_members = 64});
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->get_object());
}

WallTime time_in(const JsonObject& object, std::string_view name) {
  return WallTime(std::chrono::milliseconds(count_in(object, name, kLatestMs)));
}

// Only the buckets that have something, as pairs of number and count.
void write_side(JsonObjectWriter& to, JsonObjectWriter::Name name, const SideFigures& side,
                std::uint64_t not_judged) {
  JsonObjectWriter object = to.object(name);
  object.number("jobs", side.jobs);
  object.number("errors", side.errors);
  object.number("not_judged", not_judged);
  std::string& out = object.begin("ms");
  char separator = '[';
  for (std::size_t bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket) {
    if (side.total.count(bucket) == 0) continue;
    out += std::exchange(separator, ',');
    out.append("[").append(std::to_string(bucket)).append(",");
    out.append(std::to_string(side.total.count(bucket))).append("]");
  }
  if (separator == '[') out += '[';
  out += ']';
  object.close();
}

SideFigures side_in(const JsonObject& counts, std::string_view name, std::uint64_t& not_judged) {
  SideFigures side;
  const JsonObject* const object = object_in(counts, name);
  if (object == nullptr) return side;
  side.jobs = count_in(*object, "jobs");
  side.errors = std::min(side.jobs, count_in(*object, "errors"));
  not_judged = count_in(*object, "not_judged");
  const JsonArray* const buckets = array_in(*object, "ms");
  if (buckets == nullptr) return side;
  for (const Json& pair : *buckets) {
    if (!pair.is_array() || pair.get_array().size() != 2) continue;
    const Json& bucket = pair.get_array()[0];
    const Json& count = pair.get_array()[1];
    if (!bucket.is_int64() || bucket.get_int64() < 0 || !count.is_int64() || count.get_int64() <= 0) continue;
    const auto number = static_cast<std::uint64_t>(bucket.get_int64());
    if (number < LatencyHistogram::kBuckets) {
      side.total.add(number, static_cast<std::uint64_t>(count.get_int64()));
    }
  }
  return side;
}

// A reason is a code, or one of the shadow's own words.
void read_shadow(const JsonObject& shadow, ProcessCounts& counts) {
  counts.sampled = count_in(shadow, "sampled");
  for (std::size_t i = 0; i < kShadowClasses; ++i)
    counts.compared.at(i) = count_in(shadow, shadow_class_name(static_cast<ShadowClass>(i)));
  counts.noise_compared = count_in(shadow, "noise_compared");
  counts.noise_mismatches = std::min(counts.noise_compared, count_in(shadow, "noise_mismatches"));
  const JsonObject* const dropped = object_in(shadow, "dropped");
  if (dropped == nullptr) return;
  for (const auto& member : *dropped) {
    const std::string_view why(member.key());
    if (counts.dropped.size() < kMostDropReasons && ErrorCode::parse(why))
      counts.dropped.emplace(why, count_in(*dropped, why));
  }
}

JsonObject progress_object(const StepProgress& progress) {
  JsonObject object;
  object["epoch"] = progress.epoch;
  object["clock_ms"] = progress.clock.count();
  if (progress.slow_bucket) object["slow_bucket"] = *progress.slow_bucket;
  object["no_data"] = progress.no_data;
  object["late"] = progress.late;
  object["without_lease"] = progress.without_lease;
  object["failing_full"] = progress.failing_full;
  return object;
}

StepProgress progress_in(const JsonObject& object) {
  constexpr std::int64_t kMostTicks = 1'000'000'000;
  const auto ticks = [&](std::string_view name) {
    return static_cast<std::uint32_t>(count_in(object, name, kMostTicks));
  };
  StepProgress progress;
  progress.epoch = count_in(object, "epoch");
  progress.clock = std::chrono::milliseconds(count_in(object, "clock_ms", kLatestMs));
  const std::uint64_t bucket = count_in(object, "slow_bucket");
  if (object.contains("slow_bucket") && bucket < LatencyHistogram::kBuckets) progress.slow_bucket = bucket;
  progress.no_data = ticks("no_data");
  progress.late = ticks("late");
  progress.without_lease = ticks("without_lease");
  progress.failing_full = ticks("failing_full");
  return progress;
}

}  // namespace

std::string lease_text(const ApiProcess& process) {
  std::string text;
  JsonObjectWriter members(text);
  members.text("process", process.process);
  members.text("host", process.host);
  members.number("pid", process.pid);
  members.number("epoch", process.epoch);
  members.text("version", process.version);
  members.text("build", process.build);
  members.number("started_at", process.started_at.time_since_epoch().count());
  members.close();
  return text;
}

std::optional<ApiProcess> parse_lease(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return std::nullopt;
  ApiProcess process;
  process.process = text_in(*object, "process", kMaxProcessBytes);
  if (process.process.empty()) return std::nullopt;
  process.host = text_in(*object, "host", kMaxProcessBytes);
  process.pid = static_cast<std::int64_t>(count_in(*object, "pid"));
  process.epoch = count_in(*object, "epoch");
  process.version = text_in(*object, "version", kMaxProcessBytes);
  process.build = text_in(*object, "build", kMaxBuildBytes);
  process.started_at = time_in(*object, "started_at");
  return process;
}

void put_shadow(ProcessCounts& counts, const ShadowCounts& shadow) {
  counts.comparisons = shadow.made();
  counts.mismatches = shadow.mismatches();
  counts.sampled = shadow.sampled;
  counts.compared = shadow.compared;
  counts.noise_compared = shadow.noise_compared;
  counts.noise_mismatches = shadow.noise_mismatches;
  counts.dropped = shadow.dropped;
}

void add_shadow(ShadowCounts& to, const ProcessCounts& counts) {
  to.sampled += counts.sampled;
  for (std::size_t i = 0; i < kShadowClasses; ++i) to.compared.at(i) += counts.compared.at(i);
  to.noise_compared += counts.noise_compared;
  to.noise_mismatches += counts.noise_mismatches;
  for (const auto& [why, count] : counts.dropped) to.dropped[why] += count;
}

std::string counts_text(const ProcessCounts& counts) {
  std::string text;
  JsonObjectWriter members(text);
  write_side(members, "canary", counts.canary, counts.not_judged_canary);
  write_side(members, "control", counts.control, counts.not_judged_control);
  members.number("admitted", counts.admitted);
  members.number("ended", counts.ended);
  members.number("queued", counts.queued);
  members.number("comparisons", counts.comparisons);
  members.number("mismatches", counts.mismatches);
  JsonObjectWriter shadow = members.object("shadow");
  shadow.number("sampled", counts.sampled);
  for (std::size_t i = 0; i < kShadowClasses; ++i)
    shadow.number(shadow_class_name(static_cast<ShadowClass>(i)), counts.compared.at(i));
  shadow.number("noise_compared", counts.noise_compared);
  shadow.number("noise_mismatches", counts.noise_mismatches);
  JsonObjectWriter dropped = shadow.object("dropped");
  std::size_t told = 0;
  for (const auto& [why, count] : counts.dropped) {
    if (told++ < kMostDropReasons) dropped.number(std::string_view(why), count);
  }
  dropped.close();
  shadow.close();
  members.number("doubles", counts.doubles);
  members.number("lost", counts.lost);
  members.close();
  return text;
}

std::optional<ProcessCounts> parse_counts(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return std::nullopt;
  ProcessCounts counts;
  counts.canary = side_in(*object, "canary", counts.not_judged_canary);
  counts.control = side_in(*object, "control", counts.not_judged_control);
  counts.admitted = count_in(*object, "admitted");
  counts.ended = count_in(*object, "ended");
  counts.queued = std::min(counts.ended, count_in(*object, "queued"));
  counts.comparisons = count_in(*object, "comparisons");
  counts.mismatches = count_in(*object, "mismatches");
  if (const JsonObject* shadow = object_in(*object, "shadow")) read_shadow(*shadow, counts);
  counts.doubles = count_in(*object, "doubles");
  counts.lost = count_in(*object, "lost");
  return counts;
}

std::string tick_text(const KeptTick& tick) {
  const TickReport& report = tick.report;
  JsonObject object;
  object["process"] = report.process;
  object["at"] = report.at.time_since_epoch().count();
  object["epoch"] = report.epoch;
  object["progress"] = progress_object(report.progress);
  object["verdict"] = verdict_object(report.verdict);
  object["alert"] = report.alert;
  JsonArray silent;
  for (const std::string& process : report.silent) {
    if (silent.size() < kMaxSilent) silent.emplace_back(process);
  }
  object["silent"] = std::move(silent);
  if (report.jobs_seen) object["jobs_seen"] = *report.jobs_seen;
  object["evictions"] = tick.evictions;
  object["probes_in_a_row"] = tick.probes_in_a_row;
  return to_json_text(object);
}

std::optional<KeptTick> parse_tick(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return std::nullopt;
  KeptTick tick;
  TickReport& report = tick.report;
  report.process = text_in(*object, "process", kMaxProcessBytes);
  report.at = time_in(*object, "at");
  report.epoch = count_in(*object, "epoch");
  if (report.epoch == 0) return std::nullopt;
  if (const JsonObject* progress = object_in(*object, "progress")) report.progress = progress_in(*progress);
  if (const JsonObject* verdict = object_in(*object, "verdict")) report.verdict = verdict_in(*verdict);
  report.alert = text_in(*object, "alert", kMaxWhyBytes);
  if (const JsonArray* silent = array_in(*object, "silent")) {
    for (const Json& process : *silent) {
      if (!process.is_string() || report.silent.size() >= kMaxSilent) continue;
      report.silent.push_back(
          to_valid_utf8(std::string_view(process.get_string()).substr(0, kMaxProcessBytes)));
    }
  }
  if (object->contains("jobs_seen")) report.jobs_seen = std::clamp(number_in(*object, "jobs_seen"), 0.0, 1.0);
  tick.evictions = count_in(*object, "evictions");
  tick.probes_in_a_row = count_in(*object, "probes_in_a_row");
  return tick;
}

}  // namespace shunt::flip
