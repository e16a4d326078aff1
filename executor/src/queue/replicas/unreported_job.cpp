#include "queue/replicas/unreported_job.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "shunt/base/json.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/event_codec.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::executor {
namespace {

// BullMQ's progress is any JSON: a number (most count to 100, some to 1), or an object of the worker's
// making.
std::optional<event::Progress> to_progress(const std::string& text) {
  const auto json = parse_json(text);
  if (!json) return std::nullopt;
  event::Progress progress;
  const Json* number = &*json;
  if (const JsonObject* object = json->if_object()) {
    number = object->if_contains("fraction");
    const Json* message = object->if_contains("message");
    if (message != nullptr && message->is_string()) progress.message = std::string(message->get_string());
  }
  if (number != nullptr && number->is_number()) {
    const double value = number->to_number<double>();
    progress.fraction = std::clamp(value > 1 ? value / 100 : value, 0.0, 1.0);
  } else if (progress.message.empty()) {
    return std::nullopt;
  }
  return progress;
}

// What there is so far, in {"fraction"?, "message"?, "output": {"text"?, "reasoning"?, ...}}.
std::optional<event::Delta> output_in_progress(const std::string& text) {
  const auto json = parse_json(text);
  const JsonObject* const object = json ? json->if_object() : nullptr;
  const Json* const output = object != nullptr ? object->if_contains("output") : nullptr;
  if (output == nullptr) return std::nullopt;
  auto read = decode_delta(*output);
  return read ? std::optional(std::move(*read)) : std::nullopt;
}

struct Returned {
  event::Delta output{};
  Json result{};
};

// What a worker returned: {"text", "result"?, "reasoning"?, ...} is the output of a generation in parts, as
// our own workers return it; any other JSON is the result.
Returned to_returned(const std::string& return_value) {
  auto json = parse_json(return_value);
  // What cannot be read as JSON is still what the worker returned.
  if (!json) return {{}, Json(boost::json::string_view(to_valid_utf8(return_value)))};
  const JsonObject* const object = json->if_object();
  if (object == nullptr || !object->contains("text")) return {{}, std::move(*json)};
  JsonObject said = *object;
  said.erase("result");
  auto output = decode_delta(Json(std::move(said)));
  if (!output) return {{}, std::move(*json)};
  const Json* const result = object->if_contains("result");
  return {std::move(*output), result != nullptr ? *result : Json(nullptr)};
}

// What has to be said of `whole` after what was told: its growth, or that all is void and then the whole.
// A text that is not there is as it was.
std::vector<GenerationEvent::Payload> news_of(const event::Delta& told, event::Delta whole) {
  static const MessageParts kNothing;
  const MessageParts& known = told.parts ? *told.parts : kNothing;
  auto growth = growth_of(known, whole.parts ? *whole.parts : kNothing);
  std::vector<GenerationEvent::Payload> news;
  if (growth && (whole.text.empty() || whole.text.starts_with(told.text))) {
    if (!whole.text.empty()) whole.text.erase(0, told.text.size());
    whole.parts = growth->empty() ? nullptr : std::make_shared<const MessageParts>(std::move(*growth));
  } else {
    news.emplace_back(event::Restarted{});
  }
  if (!whole.text.empty() || whole.parts) news.emplace_back(std::move(whole));
  return news;
}

// A worker of ours that has taken a job says within this long that it begins, also when much comes at once.
constexpr std::chrono::milliseconds kOursHasBegun{1'000};

// Whether a worker that knows only BullMQ has the job: ours would write its log itself.
bool is_with_plain_worker(const UnreportedGeneration& unreported, WallTime now) {
  const JobLook& job = unreported.job;
  if (unreported.attempt > 0 || !job.processed_on) return false;
  const bool progressed = !job.progress.empty() && job.progress != "0";
  return job.finished_on || progressed ||
         now - WallTime(std::chrono::milliseconds(*job.processed_on)) >= kOursHasBegun;
}

Error worker_lost(std::string message) {
  return {error_code::kWorkerLost, std::move(message), Retryable::kYes};
}

GenerationEvent::Payload ending_of(const UnreportedGeneration& unreported) {
  const JobLook& job = unreported.job;
  if (!job.exists) {
    return event::Failed{worker_lost(
        never_queued(unreported)
            ? "the generation's job is not in its queue: it never got there, or was removed before a worker "
              "took it"
            : "the generation's job has vanished from its queue before it ended")};
  }
  if (job.failed_reason && !job.return_value) {
    if (unreported.attempt > 0 || job.failed_reason->starts_with("job stalled more")) {
      return event::Failed{
          worker_lost("the generation's worker was lost: " + to_valid_utf8(*job.failed_reason))};
    }
    return event::Failed{{error_code::kGeneratorFailed, to_valid_utf8(*job.failed_reason)}};
  }
  if (unreported.attempt > 0) {
    return event::Failed{worker_lost("the generation's job ended without an end in its log")};
  }
  return event::Succeeded{};
}

}  // namespace

bool never_queued(const UnreportedGeneration& unreported) {
  return !unreported.job.exists && unreported.attempt == 0 && unreported.sequence == 1;
}

std::vector<GenerationEvent> events_of_unreported_job(const UnreportedGeneration& unreported, WallTime now) {
  std::vector<GenerationEvent> events;
  const JobLook& job = unreported.job;
  const auto say = [&](std::optional<std::int64_t> at, GenerationEvent::Payload payload) {
    // A time that cannot be read is now.
    const WallTime when = at.value_or(0) > 0 ? WallTime(std::chrono::milliseconds(*at)) : now;
    events.push_back({unreported.sequence + events.size() + 1, when, std::move(payload)});
  };
  const bool ended = !job.exists || job.finished_on.has_value();
  const bool plain = is_with_plain_worker(unreported, now);
  if (plain && unreported.state == GenerationState::kQueued) say(job.processed_on, event::Started{});
  if (plain && job.progress != unreported.seen_progress) {
    if (auto progress = to_progress(job.progress)) say(std::nullopt, std::move(*progress));
    // Where it has returned, that counts.
    auto output = job.return_value ? std::nullopt : output_in_progress(job.progress);
    if (output) {
      for (auto& payload : news_of(unreported.told, std::move(*output)))
        say(std::nullopt, std::move(payload));
    }
  }
  if (!ended) return events;
  GenerationEvent::Payload ending = ending_of(unreported);
  if (auto* succeeded = std::get_if<event::Succeeded>(&ending)) {
    Returned returned = to_returned(job.return_value.value_or("null"));
    for (auto& payload : news_of(unreported.told, std::move(returned.output)))
      say(job.finished_on, std::move(payload));
    succeeded->result = std::move(returned.result);
  }
  say(job.finished_on, std::move(ending));
  return events;
}

}  // namespace shunt::executor
