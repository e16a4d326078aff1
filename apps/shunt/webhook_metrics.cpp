#include "webhook_metrics.hpp"

#include "metric_families.hpp"

namespace shunt::app {

std::string webhook_metrics_text(const webhooks::WebhookCounts& counts) {
  CounterReading attached("shunt_webhooks_attached_total", "Generations that were accepted with a webhook");
  CounterReading in_memory(
      "shunt_webhooks_in_memory_total",
      "Those of them whose webhook goes with the process: there is no Redis, or it was away");
  CounterReading attempts(
      "shunt_webhook_attempts_total",
      "Attempts to deliver a message, by outcome: delivered, repeated (another one follows), "
      "given_up, gone (410)");
  CounterReading left_out("shunt_webhooks_left_out_total",
                          "Messages that were not sent, as their endpoint had answered 410");
  CounterReading news("shunt_webhook_news_total",
                      "Messages of what precedes an end, which are sent once, by outcome: delivered, failed");
  CounterReading lost("shunt_webhooks_lost_total",
                      "Generations that were no longer kept when their end was looked for");
  GaugeReading waiting("shunt_webhooks_waiting", "Generations whose end this process waits for");
  attached.add(counts.attached);
  in_memory.add(counts.kept_in_memory);
  attempts.add(counts.delivered, {{"outcome", "delivered"}});
  attempts.add(counts.to_be_repeated, {{"outcome", "repeated"}});
  attempts.add(counts.given_up, {{"outcome", "given_up"}});
  attempts.add(counts.gone, {{"outcome", "gone"}});
  left_out.add(counts.left_out);
  news.add(counts.news_sent, {{"outcome", "delivered"}});
  news.add(counts.news_failed, {{"outcome", "failed"}});
  lost.add(counts.lost);
  waiting.add(static_cast<double>(counts.waiting));
  return metrics_text({attached.family(), in_memory.family(), attempts.family(), left_out.family(),
                       news.family(), lost.family(), waiting.family()});
}

}  // namespace shunt::app
