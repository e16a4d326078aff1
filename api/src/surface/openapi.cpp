#include "surface/openapi.hpp"

#include "shunt/base/json.hpp"
#include "shunt/http/ascii.hpp"
#include "surface/openapi_schemas.hpp"
#include "surface/route_table.hpp"

namespace shunt::api {
namespace {

boost::json::string_view view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

JsonObject schema_link(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

JsonObject content(std::string_view media_type, JsonObject schema) {
  JsonObject by_type;
  by_type.emplace(view(media_type), JsonObject{{"schema", std::move(schema)}});
  return by_type;
}

JsonObject response(std::string_view description, JsonObject of_content) {
  JsonObject object{{"description", view(description)}};
  if (!of_content.empty()) object.emplace("content", std::move(of_content));
  return object;
}

JsonObject parameter(std::string_view name, std::string_view place, std::string_view description,
                     JsonObject schema) {
  return {{"name", view(name)},
          {"in", view(place)},
          {"required", place == "path"},
          {"description", view(description)},
          {"schema", std::move(schema)}};
}

// The {name} segments of a path, then what the route reads besides.
JsonArray parameters_of(const Route& route) {
  JsonArray parameters;
  for (std::string_view rest = route.path; !rest.empty();) {
    std::string_view segment = http::take_until(rest, '/');
    if (!segment.starts_with('{')) continue;
    segment.remove_prefix(1);
    segment.remove_suffix(1);
    const std::string_view what = segment == "id"         ? "A generation's id"
                                  : segment == "model"    ? "A model's name"
                                  : segment == "delivery" ? "The id of a message (webhook-id)"
                                                          : "An artifact's name";
    parameters.push_back(parameter(segment, "path", what, {{"type", "string"}}));
  }
  const JsonObject text{{"type", "string"}};
  switch (route.id) {
    case RouteId::kCreateGeneration:
    case RouteId::kRetryGeneration:
      parameters.push_back(
          parameter("Idempotency-Key", "header", "Same key and payload: same generation", text));
      parameters.push_back(parameter(
          "Prefer", "header", "respond-async: answer 202 at once; wait=N: after N seconds (RFC 7240)", text));
      parameters.push_back(parameter("Shunt-Executor", "header",
                                     "What runs it, for those who may choose that",
                                     {{"enum", JsonArray{"sync", "queue"}}}));
      break;
    case RouteId::kGetGeneration:
      parameters.push_back(
          parameter("Prefer", "header", "wait=N: answer when it has ended, or after N seconds", text));
      break;
    case RouteId::kListGenerations:
      parameters.push_back(
          parameter("state", "query", "Only generations in this state", schema_link("State")));
      parameters.push_back(parameter("model", "query", "Only this model's", text));
      parameters.push_back(
          parameter("limit", "query", "How many at most",
                    {{"type", "integer"}, {"minimum", 1}, {"maximum", 200}, {"default", 50}}));
      parameters.push_back(parameter("cursor", "query", "next_cursor of the page before", text));
      break;
    case RouteId::kFlipDrain:
      parameters.push_back(
          parameter("accept", "query", "What may be lost, of results and keys, with commas", text));
      break;
    case RouteId::kFlipLog:
      parameters.push_back(parameter("from", "query", "The first entry's number; 0: the last ones",
                                     {{"type", "integer"}, {"minimum", 0}, {"default", 0}}));
      parameters.push_back(
          parameter("count", "query", "How many at most",
                    {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}, {"default", 50}}));
      break;
    case RouteId::kListDeliveries:
      parameters.push_back(parameter("state", "query", "Only deliveries in this state",
                                     {{"enum", JsonArray{"pending", "delivered", "failed"}}}));
      parameters.push_back(
          parameter("limit", "query", "How many at most",
                    {{"type", "integer"}, {"minimum", 1}, {"maximum", 200}, {"default", 50}}));
      break;
    case RouteId::kStreamEvents:
      parameters.push_back(parameter("Last-Event-ID", "header", "Resume after this event",
                                     {{"type", "integer"}, {"minimum", 0}}));
      break;
    case RouteId::kListFiles:
      parameters.push_back(parameter("after", "query", "The id of the file before the page", text));
      parameters.push_back(parameter("purpose", "query", "Only these", text));
      parameters.push_back(parameter("order", "query", "By age", {{"enum", JsonArray{"asc", "desc"}}}));
      parameters.push_back(
          parameter("limit", "query", "How many at most",
                    {{"type", "integer"}, {"minimum", 1}, {"maximum", 10000}, {"default", 100}}));
      break;
    case RouteId::kGetArtifact:
    case RouteId::kGetFileContent:
      parameters.push_back(parameter("Range", "header", "One range of bytes", text));
      parameters.push_back(parameter("If-None-Match", "header", "Entity tags that the client has", text));
      break;
    default:
      break;
  }
  return parameters;
}

JsonObject json_response(std::string_view description, std::string_view schema) {
  return response(description, content("application/json", schema_link(schema)));
}

JsonObject created_response() {
  JsonObject by_type = content("application/json", schema_link("Generation"));
  by_type.emplace("text/event-stream", JsonObject{{"schema", JsonObject{{"type", "string"}}}});
  by_type.emplace("text/plain", JsonObject{{"schema", JsonObject{{"type", "string"}}}});
  by_type.emplace("*/*", JsonObject{{"schema", JsonObject{{"type", "string"}, {"format", "binary"}}}});
  return response("The ended generation: its record, its events, its text, or an artifact, as Accept asks",
                  std::move(by_type));
}

JsonObject responses_of(const Route& route) {
  const JsonObject bytes{{"type", "string"}, {"format", "binary"}};
  JsonObject responses;
  switch (route.id) {
    case RouteId::kCreateGeneration:
      responses.emplace("200", created_response());
      responses.emplace("202", json_response("It goes on (Prefer): see Location", "Generation"));
      responses.emplace("504",
                        response("It goes on (server.wait_deadline), see Location; or it took too long",
                                 content("application/problem+json", schema_link("Problem"))));
      break;
    case RouteId::kGetGeneration:
      responses.emplace("200", json_response("The record", "Generation"));
      break;
    case RouteId::kListGenerations:
      responses.emplace("200", json_response("A page", "GenerationPage"));
      break;
    case RouteId::kCancelGeneration:
      responses.emplace("200", json_response("It has ended", "Generation"));
      responses.emplace("202", json_response("It is stopping", "Generation"));
      break;
    case RouteId::kRetryGeneration:
      responses.emplace("202", json_response("The new generation", "Generation"));
      break;
    case RouteId::kRemoveGeneration:
      responses.emplace("204", response("It is gone", {}));
      break;
    case RouteId::kStreamEvents:
      responses.emplace("200", response("The events", content("text/event-stream", {{"type", "string"}})));
      responses.emplace("204", response("Every event has been seen", {}));
      break;
    case RouteId::kGetArtifact:
      responses.emplace("200", response("The bytes", content("*/*", bytes)));
      responses.emplace("206", response("The range", content("*/*", bytes)));
      responses.emplace("304", response("The client has it", {}));
      break;
    case RouteId::kCreateFile:
    case RouteId::kGetFile:
      responses.emplace("200", json_response("The file", "File"));
      break;
    case RouteId::kListFiles:
      responses.emplace("200", json_response("A page", "FilePage"));
      break;
    case RouteId::kGetFileContent:
      responses.emplace("200", response("The bytes", content("*/*", bytes)));
      responses.emplace("206", response("The range", content("*/*", bytes)));
      responses.emplace("304", response("The client has it", {}));
      break;
    case RouteId::kRemoveFile:
      responses.emplace("200", json_response("It is gone", "RemovedFile"));
      break;
    case RouteId::kListModels:
      responses.emplace("200", json_response("The models", "ModelList"));
      break;
    case RouteId::kGetModel:
      responses.emplace("200", json_response("The model", "Model"));
      break;
    case RouteId::kHealth:
      responses.emplace("200", json_response("The process is alive", "Health"));
      break;
    case RouteId::kReady:
      responses.emplace("200", json_response("It takes new generations", "Readiness"));
      responses.emplace("503", json_response("It takes none: reason says why", "Readiness"));
      break;
    case RouteId::kMetrics:
      responses.emplace("200", response("Metrics", content("text/plain", {{"type", "string"}})));
      break;
    case RouteId::kStatus:
      responses.emplace("200", json_response("The service as it stands", "Status"));
      break;
    case RouteId::kReload:
      responses.emplace("200", json_response("What has changed", "ReloadReport"));
      break;
    case RouteId::kReloadPreview:
      responses.emplace("200", json_response("What would change", "ReloadReport"));
      break;
    case RouteId::kFlipStatus:
      responses.emplace("200", json_response("The flip as it stands", "FlipStatus"));
      break;
    case RouteId::kFlipStart:
    case RouteId::kFlipPromote:
    case RouteId::kFlipHold:
    case RouteId::kFlipResume:
    case RouteId::kFlipBack:
    case RouteId::kFlipAbort:
    case RouteId::kFlipForce:
    case RouteId::kFlipRelease:
      responses.emplace("200", json_response("Where it is now, and what leads back", "FlipChange"));
      break;
    case RouteId::kFlipPreflight:
    case RouteId::kFlipPreflightOfPlan:
      responses.emplace("200", json_response("The rows, whatever they say", "FlipPreflight"));
      break;
    case RouteId::kFlipDrain:
      responses.emplace("200", json_response("What is there, and the verdict", "FlipDrain"));
      break;
    case RouteId::kFlipLog:
      responses.emplace("200", json_response("Entries, the oldest first", "FlipLog"));
      break;
    case RouteId::kFlipVerifyLog:
      responses.emplace("200", json_response("What a look at the whole chain found", "FlipChain"));
      break;
    case RouteId::kFlipShadow:
      responses.emplace("200", json_response("What the process that was asked has compared", "FlipShadow"));
      break;
    case RouteId::kListDeliveries:
      responses.emplace("200", json_response("The deliveries", "DeliveryList"));
      break;
    case RouteId::kGetDelivery:
      responses.emplace("200", json_response("The delivery", "Delivery"));
      break;
    case RouteId::kRedeliver:
      responses.emplace(
          "202", response("Its attempts begin again", content("application/json", {{"type", "object"}})));
      break;
    case RouteId::kTestWebhook:
      responses.emplace("200", json_response("What came of it, whatever that is", "DeliveryAttempt"));
      break;
    case RouteId::kRoot:
      responses.emplace("200", response("Paths by name", content("application/json", {{"type", "object"}})));
      break;
    case RouteId::kOpenApi:
      responses.emplace("200", response("This document", content("application/json", {{"type", "object"}})));
      break;
    case RouteId::kDialect:  // described by a page of its own
      break;
  }
  responses.emplace("default", response("A problem (RFC 9457)",
                                        content("application/problem+json", schema_link("Problem"))));
  return responses;
}

std::string_view body_schema_of(RouteId route) {
  switch (route) {
    case RouteId::kCreateGeneration:
      return "GenerationRequest";
    case RouteId::kCreateFile:
      return "FileUpload";
    case RouteId::kCancelGeneration:
      return "CancelRequest";
    case RouteId::kTestWebhook:
      return "WebhookTestRequest";
    case RouteId::kFlipStart:
      return "FlipStartRequest";
    case RouteId::kFlipForce:
      return "FlipForceRequest";
    case RouteId::kFlipPreflightOfPlan:
      return "FlipPlanRequest";
    default:
      return "FlipRequest";
  }
}

JsonObject body_content_of(const Route& route) {
  if (!takes_json(route.body)) return content("multipart/form-data", schema_link(body_schema_of(route.id)));
  JsonObject either = content("application/json", schema_link(body_schema_of(route.id)));
  if (takes_form(route.body)) {
    either.emplace("multipart/form-data", JsonObject{{"schema", schema_link("GenerationForm")}});
  }
  return either;
}

JsonObject operation_of(const Route& route) {
  JsonObject operation{{"operationId", view(route.operation)}, {"summary", view(route.summary)}};
  if (JsonArray parameters = parameters_of(route); !parameters.empty()) {
    operation.emplace("parameters", std::move(parameters));
  }
  if (route.body != BodyUse::kNone) {
    operation.emplace("requestBody",
                      JsonObject{{"required", needs_body(route.body)}, {"content", body_content_of(route)}});
  }
  operation.emplace("responses", responses_of(route));
  if (route.access == Access::kOpen) operation.emplace("security", JsonArray{});
  return operation;
}

// "Input_qwen2.5_7b": of what a component's name may have. Two models may have one; the second gets a number.
std::string schema_name(std::string_view model, const JsonObject& taken) {
  std::string name = "Input_";
  for (const char c : model) name += c == ':' || c == '/' ? '_' : c;
  std::string free = name;
  for (std::size_t i = 2; taken.contains(free); ++i) free = name + '_' + std::to_string(i);
  return free;
}

// A schema for each model that has one, and that a request for the model has such an input.
void add_input_schemas(const ModelSnapshot& models, const std::function<bool(std::string_view)>& visible,
                       JsonObject& schemas) {
  JsonArray conditions;
  for (const auto& [name, model] : models) {
    if (model->input_rules.empty() || !visible(name)) continue;
    const std::string component = schema_name(name, schemas);
    schemas.emplace(component, model->input_rules.schema());
    JsonObject of_model{{"properties", JsonObject{{"model", JsonObject{{"const", view(name)}}}}},
                        {"required", JsonArray{"model"}}};
    JsonObject its_input{{"properties", JsonObject{{"input", schema_link(component)}}}};
    conditions.push_back(JsonObject{{"if", std::move(of_model)}, {"then", std::move(its_input)}});
  }
  if (!conditions.empty())
    schemas.at("GenerationRequest").as_object().emplace("allOf", std::move(conditions));
}

std::string lower(std::string_view method) {
  std::string text;
  for (const char c : method) text += http::ascii_lower(c);
  return text;
}

}  // namespace

std::string openapi_document(const ModelSnapshot& models,
                             const std::function<bool(std::string_view model)>& visible) {
  JsonObject paths;
  for (const Route& route : routes()) {
    if (!route.is_own()) continue;
    auto& methods = paths.emplace(view(route.path), JsonObject{}).first->value().as_object();
    methods.emplace(lower(route.method), operation_of(route));
  }
  JsonObject schemas = openapi_schemas();
  add_input_schemas(models, visible, schemas);
  JsonObject bearer{{"type", "http"}, {"scheme", "bearer"}};
  const JsonObject document{
      {"openapi", "3.1.0"},
      {"info", JsonObject{{"title", "Shunt"},
                          {"version", "v1"},
                          {"description",
                           "Runs generations. Keys are needed only where the server is configured so."}}},
      {"security", JsonArray{JsonObject{{"apiKey", JsonArray{}}}}},
      {"paths", std::move(paths)},
      {"components", JsonObject{{"securitySchemes", JsonObject{{"apiKey", std::move(bearer)}}},
                                {"schemas", std::move(schemas)}}}};
  return to_json_text(document);
}

}  // namespace shunt::api
