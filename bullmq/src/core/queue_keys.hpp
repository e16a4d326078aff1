#pragma once

#include <string>
#include <string_view>

namespace bullmq::detail {

// The names of a queue's keys, "<prefix>:<queue>:<suffix>", made once.
struct QueueKeys {
  QueueKeys(const std::string& prefix, const std::string& queue)
      : base(prefix + ":" + queue + ":"),
        qualified(prefix + ":" + queue),
        wait(base + "wait"),
        paused(base + "paused"),
        active(base + "active"),
        prioritized(base + "prioritized"),
        delayed(base + "delayed"),
        waiting_children(base + "waiting-children"),
        completed(base + "completed"),
        failed(base + "failed"),
        id(base + "id"),
        pc(base + "pc"),
        marker(base + "marker"),
        events(base + "events"),
        meta(base + "meta"),
        limiter(base + "limiter"),
        stalled(base + "stalled"),
        stalled_check(base + "stalled-check"),
        repeat(base + "repeat"),
        metrics_completed(base + "metrics:completed"),
        metrics_failed(base + "metrics:failed") {}

  [[nodiscard]] std::string of(std::string_view suffix) const {
    std::string key;
    key.reserve(base.size() + suffix.size());
    key += base;
    key += suffix;
    return key;
  }
  [[nodiscard]] std::string job(std::string_view id_of_job) const { return of(id_of_job); }
  [[nodiscard]] std::string job(std::string_view id_of_job, std::string_view part) const {
    std::string key = of(id_of_job);
    key += ':';
    key += part;
    return key;
  }
  [[nodiscard]] std::string deduplication(std::string_view deduplication_id) const {
    return of("de:").append(deduplication_id);
  }

  std::string base;
  std::string qualified;
  std::string wait, paused, active, prioritized, delayed, waiting_children, completed, failed, id, pc, marker,
      events, meta, limiter, stalled, stalled_check, repeat, metrics_completed, metrics_failed;
};

}  // namespace bullmq::detail
