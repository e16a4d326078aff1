#include "drivers/cog/cog_prediction.hpp"

#include <utility>

#include "shunt/base/json_members.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::cog {
namespace {

Error broken(std::string_view what) {
  return {error_code::kUpstreamBroken, "the container's answer is no prediction: " + std::string(what),
          Retryable::kYes};
}

Result<JsonObject> read_object(std::string_view text) {
  auto document = parse_json(text);
  if (!document) return broken(document.error().message);
  if (!document->is_object()) return broken("it is " + std::string(json_kind_name(*document)));
  return std::move(document->get_object());
}

Result<PredictionStatus> read_status(std::string_view name) {
  if (name == "starting" || name == "processing") return PredictionStatus::kRunning;
  if (name == "succeeded") return PredictionStatus::kSucceeded;
  if (name == "failed") return PredictionStatus::kFailed;
  if (name == "canceled") return PredictionStatus::kCanceled;
  return broken(name.empty() ? "it has no status" : "its status is none that is known");
}

Result<Prediction> as_prediction(JsonObject members) {
  const auto status = read_status(text_in(members, "status"));
  if (!status) return status.error();
  Prediction read;
  read.status = *status;
  read.error = text_in(members, "error");
  read.logs = text_in(members, "logs");
  if (const JsonObject* metrics = find_object(members, "metrics")) read.metrics = *metrics;
  if (Json* output = members.if_contains("output")) read.output = std::move(*output);
  return read;
}

}  // namespace

Result<Prediction> read_prediction(std::string_view text) {
  auto members = read_object(text);
  if (!members) return std::move(members).error();
  return as_prediction(std::move(*members));
}

Result<StreamEvent> read_event(std::string_view type, std::string_view data) {
  using Kind = StreamEvent::Kind;
  StreamEvent read;
  if (type == "output") read.kind = Kind::kOutput;
  if (type == "log") read.kind = Kind::kLog;
  if (type == "completed") read.kind = Kind::kCompleted;
  if (type == "error") read.kind = Kind::kError;
  if (read.kind == Kind::kNothing) return read;
  auto members = read_object(data);
  if (!members) return std::move(members).error();
  if (Json* chunk = members->if_contains("chunk"); chunk != nullptr && read.kind == Kind::kOutput) {
    read.chunk = std::move(*chunk);
  }
  if (read.kind == Kind::kLog) read.text = text_in(*members, "data");
  if (read.kind == Kind::kError) read.text = text_in(*members, "error");
  if (read.kind != Kind::kCompleted) return read;
  auto prediction = as_prediction(std::move(*members));
  if (!prediction) return std::move(prediction).error();
  read.prediction = std::move(*prediction);
  return read;
}

}  // namespace shunt::generation::cog
