#pragma once

#include <cstdint>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/server/task.hpp"

// One function a route. Each fills exchange.response, or streams it.
namespace shunt::api {

[[nodiscard]] http::Task<void> create_generation(Exchange& exchange);
[[nodiscard]] http::Task<void> get_generation(Exchange& exchange);
[[nodiscard]] http::Task<void> list_generations(Exchange& exchange);
[[nodiscard]] http::Task<void> cancel_generation(Exchange& exchange);
[[nodiscard]] http::Task<void> retry_generation(Exchange& exchange);
[[nodiscard]] http::Task<void> remove_generation(Exchange& exchange);
[[nodiscard]] http::Task<void> stream_events(Exchange& exchange);
[[nodiscard]] http::Task<void> get_artifact(Exchange& exchange);
[[nodiscard]] http::Task<void> create_file(Exchange& exchange);
[[nodiscard]] http::Task<void> list_files(Exchange& exchange);
[[nodiscard]] http::Task<void> get_file(Exchange& exchange);
[[nodiscard]] http::Task<void> get_file_content(Exchange& exchange);
[[nodiscard]] http::Task<void> remove_file(Exchange& exchange);
[[nodiscard]] http::Task<void> report_status(Exchange& exchange);
[[nodiscard]] http::Task<void> reload_config(Exchange& exchange);  // and what that would do
[[nodiscard]] http::Task<void> report_flip(Exchange& exchange);
[[nodiscard]] http::Task<void> move_flip(Exchange& exchange);  // every POST but the preflight's
[[nodiscard]] http::Task<void> report_preflight(Exchange& exchange);
[[nodiscard]] http::Task<void> report_drain(Exchange& exchange);
[[nodiscard]] http::Task<void> report_flip_log(Exchange& exchange);
[[nodiscard]] http::Task<void> verify_flip_log(Exchange& exchange);

[[nodiscard]] http::Task<void> report_shadow(Exchange& exchange);
[[nodiscard]] http::Task<void> list_deliveries(Exchange& exchange);
[[nodiscard]] http::Task<void> get_delivery(Exchange& exchange);
[[nodiscard]] http::Task<void> redeliver_webhook(Exchange& exchange);
[[nodiscard]] http::Task<void> test_webhook(Exchange& exchange);
[[nodiscard]] http::Task<void> serve_dialect(Exchange& exchange);
void list_models(Exchange& exchange);
void get_model(Exchange& exchange);
void report_health(Exchange& exchange);
void report_readiness(Exchange& exchange);
void report_metrics(Exchange& exchange);
void describe_api(Exchange& exchange);
void point_the_way(Exchange& exchange);

}  // namespace shunt::api
