#include "surface/openapi_schemas.hpp"

#include <stdexcept>
#include <utility>

#include "surface/openapi_flip_schemas.hpp"

namespace shunt::api {
namespace {

// JSON Schema 2020-12, which OpenAPI 3.1 uses as it is.
constexpr std::string_view kSchemas = R"json({
  "State": {"enum": ["queued", "running", "succeeded", "failed", "cancelled"]},
  "Error": {
    "type": "object", "required": ["code", "message", "retryable"],
    "properties": {
      "code": {"type": "string"}, "message": {"type": "string"},
      "retryable": {"type": "boolean"}, "details": {"type": "object"}}},
  "Artifact": {
    "type": "object", "required": ["name", "media_type", "size", "url"],
    "properties": {
      "name": {"type": "string"}, "media_type": {"type": "string"},
      "size": {"type": "integer", "minimum": 0}, "url": {"type": "string"}}},
  "GenerationRequest": {
    "type": "object", "required": ["model"], "additionalProperties": false,
    "properties": {
      "model": {"type": "string", "minLength": 1},
      "input": {"type": "object", "description": "What the model takes; see its documentation"},
      "stream": {"type": "boolean", "description": "Same as Accept: text/event-stream"},
      "options": {
        "type": "object", "additionalProperties": false,
        "properties": {
          "timeout_ms": {"type": "integer", "minimum": 1},
          "metadata": {"type": "object", "description": "Returned in the record"}}},
      "context": {
        "type": "object", "additionalProperties": false,
        "properties": {
          "tenant": {"type": "string"},
          "baggage": {"type": "object", "additionalProperties": {"type": "string"}}}},
      "webhook": {"$ref": "#/components/schemas/Webhook"}}},
  "Webhook": {
    "type": "object", "required": ["url"], "additionalProperties": false,
    "description": "Where the end is told, as Standard Webhooks has it",
    "properties": {
      "url": {"type": "string", "format": "uri", "maxLength": 2048},
      "events": {
        "type": "array", "minItems": 1, "description": "Only these ends; without it all of them",
        "items": {"enum": ["generation.succeeded", "generation.failed", "generation.cancelled"]}}}},
  "WebhookTestRequest": {
    "type": "object", "required": ["url"], "additionalProperties": false,
    "properties": {
      "url": {"type": "string", "format": "uri", "maxLength": 2048},
      "key": {"type": "string", "description": "The name of the API key that signs it"}}},
  "DeliveryAttempt": {
    "type": "object", "required": ["at", "took_ms"],
    "properties": {
      "at": {"type": "string", "format": "date-time"}, "took_ms": {"type": "integer"},
      "status": {"type": "integer", "description": "Without it there was no answer, and error says why"},
      "error": {"type": "string"}, "retry_after_ms": {"type": "integer"}}},
  "Delivery": {
    "type": "object", "required": ["id", "type", "generation", "url", "state", "created_at", "attempts"],
    "properties": {
      "id": {"type": "string"}, "type": {"type": "string"}, "generation": {"type": "string"},
      "url": {"type": "string"}, "caller": {"type": "string"},
      "state": {"enum": ["pending", "delivered", "failed"]},
      "created_at": {"type": "string", "format": "date-time"},
      "attempts": {"type": "integer", "minimum": 0},
      "next_attempt_at": {"type": "string", "format": "date-time"},
      "reason": {"type": "string"},
      "log": {"type": "array", "items": {"$ref": "#/components/schemas/DeliveryAttempt"}}}},
  "DeliveryList": {
    "type": "object", "required": ["deliveries"],
    "properties": {"deliveries": {"type": "array", "items": {"$ref": "#/components/schemas/Delivery"}}}},
  "CancelRequest": {
    "type": "object", "additionalProperties": false, "properties": {"reason": {"type": "string"}}},
  "Generation": {
    "type": "object", "required": ["id", "model", "state", "created_at"],
    "properties": {
      "id": {"type": "string", "pattern": "^gen_[0-9a-f]{32}$"},
      "model": {"type": "string"},
      "state": {"$ref": "#/components/schemas/State"},
      "created_at": {"type": "string", "format": "date-time"},
      "started_at": {"type": "string", "format": "date-time"},
      "finished_at": {"type": "string", "format": "date-time"},
      "deadline": {"type": "string", "format": "date-time"},
      "progress": {
        "type": "object", "required": ["fraction"],
        "properties": {"fraction": {"type": "number", "minimum": 0, "maximum": 1}, "message": {"type": "string"}}},
      "output": {
        "type": "object",
        "properties": {
          "text": {"type": "string"}, "result": {},
          "reasoning": {"type": "string"}, "refusal": {"type": "string"},
          "tool_calls": {"type": "array", "items": {"$ref": "#/components/schemas/ToolCall"}},
          "logprobs": {
            "type": "object",
            "properties": {"content": {"type": "array"}, "refusal": {"type": "array"}}},
          "audio": {
            "type": "object",
            "properties": {
              "id": {"type": "string"}, "format": {"type": "string"},
              "data": {"type": "string", "contentEncoding": "base64"},
              "transcript": {"type": "string"}, "expires_at": {"type": "integer"}}},
          "images": {
            "type": "array",
            "items": {
              "type": "object", "required": ["index", "url"],
              "properties": {"index": {"type": "integer"}, "url": {"type": "string"}}}},
          "artifacts": {"type": "array", "items": {"$ref": "#/components/schemas/Artifact"}}}},
      "error": {"$ref": "#/components/schemas/Error"},
      "cancel_reason": {"type": "string"},
      "cancel_requested": {"const": true},
      "hint": {"const": "no_worker_yet", "description": "In a 202: no worker is known to run the model now"},
      "admission": {
        "type": "object", "required": ["executor", "reason", "epoch"],
        "description": "What was decided when it was admitted, by a process with the queue on",
        "properties": {
          "executor": {"enum": ["sync", "queue"]}, "reason": {"type": "string"},
          "epoch": {"type": "integer", "minimum": 1},
          "bucket": {"type": "integer", "minimum": 0, "maximum": 9999}}},
      "metadata": {"type": "object"}}},
  "ToolCall": {
    "type": "object", "required": ["index"],
    "properties": {
      "index": {"type": "integer", "minimum": 0, "maximum": 1023},
      "id": {"type": "string"}, "type": {"type": "string"}, "name": {"type": "string"},
      "arguments": {"type": "string"}, "extra": {"type": "object"}}},
  "GenerationPage": {
    "type": "object", "required": ["generations", "next_cursor"],
    "properties": {
      "generations": {"type": "array", "items": {"$ref": "#/components/schemas/Generation"}},
      "next_cursor": {"type": ["string", "null"]}}},
  "File": {
    "type": "object",
    "required": ["id", "object", "bytes", "created_at", "expires_at", "filename", "purpose", "media_type", "sha256"],
    "properties": {
      "id": {"type": "string", "pattern": "^file-[0-9a-f]{32}$"}, "object": {"const": "file"},
      "bytes": {"type": "integer", "minimum": 0},
      "created_at": {"type": "integer", "description": "Seconds since the Unix epoch"},
      "expires_at": {"type": "integer", "description": "Likewise"},
      "filename": {"type": "string"}, "purpose": {"type": "string"}, "status": {"const": "processed"},
      "media_type": {"type": "string"}, "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}},
  "FilePage": {
    "type": "object", "required": ["object", "data", "has_more"],
    "properties": {
      "object": {"const": "list"}, "data": {"type": "array", "items": {"$ref": "#/components/schemas/File"}},
      "first_id": {"type": ["string", "null"]}, "last_id": {"type": ["string", "null"]},
      "has_more": {"type": "boolean"}}},
  "GenerationForm": {
    "type": "object", "required": ["request"],
    "description": "Each further part is a file, named by the member of the input that it is",
    "properties": {"request": {"$ref": "#/components/schemas/GenerationRequest"}},
    "additionalProperties": {"type": "string", "contentMediaType": "application/octet-stream"}},
  "FileUpload": {
    "type": "object", "required": ["file", "purpose"], "additionalProperties": false,
    "properties": {
      "file": {"type": "string", "contentMediaType": "application/octet-stream"},
      "purpose": {"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"},
      "expires_after[anchor]": {"const": "created_at"},
      "expires_after[seconds]": {"type": "integer", "minimum": 60}}},
  "RemovedFile": {
    "type": "object", "required": ["id", "object", "deleted"],
    "properties": {"id": {"type": "string"}, "object": {"const": "file"}, "deleted": {"const": true}}},
  "Model": {
    "type": "object", "required": ["name", "driver"],
    "properties": {
      "id": {"type": "string", "description": "With the next three, what OpenAI's clients know of a model; not in lists"},
      "object": {"const": "model"}, "created": {"type": "integer"}, "owned_by": {"type": "string"},
      "name": {"type": "string"}, "driver": {"type": "string"}, "description": {"type": "string"},
      "text_field": {"type": ["string", "null"]},
      "input_schema": {
        "type": ["object", "null"],
        "description": "What input may be, as JSON Schema 2020-12; null: the configuration has no rules"},
      "produces": {"type": "array", "items": {"type": "string"}},
      "calls": {
        "type": "object", "description": "The calls of other APIs that it answers, each with where its values go",
        "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}}},
      "concurrency": {"type": "integer"}, "max_waiting": {"type": "integer"}, "timeout_ms": {"type": "integer"},
      "on_disconnect": {"enum": ["cancel", "continue"]}}},
  "ModelList": {
    "type": "object", "required": ["object", "data", "models"],
    "properties": {
      "object": {"const": "list"},
      "data": {
        "type": "array", "description": "The same models, as OpenAI's clients know them",
        "items": {
          "type": "object", "required": ["id", "object", "created", "owned_by"],
          "properties": {
            "id": {"type": "string"}, "object": {"const": "model"}, "created": {"type": "integer"},
            "owned_by": {"type": "string"}}}},
      "models": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}}},
  "Health": {"type": "object", "properties": {"status": {"const": "ok"}}},
  "Readiness": {
    "type": "object", "required": ["status"],
    "properties": {
      "status": {"enum": ["ready", "degraded", "draining"]}, "reason": {"type": "string"},
      "executor": {"type": "string", "description": "This and what follows: where no keys are, or with one that may read the status"},
      "mode": {"type": "string"},
      "running": {"type": "integer"}, "waiting": {"type": "integer"},
      "redis": {"type": "string", "description": "With the queue: ready, or what is wrong with it"},
      "models_without_worker": {"type": "array", "items": {"type": "string"}},
      "upstreams": {
        "type": "array", "description": "The servers of models that have several, as this process finds them",
        "items": {
          "type": "object", "required": ["model", "upstream", "state", "running"],
          "properties": {
            "model": {"type": "string"}, "upstream": {"type": "string"},
            "state": {"enum": ["closed", "open", "half_open", "resting"]}, "running": {"type": "integer"}}}},
      "warnings": {"type": "array", "items": {"$ref": "#/components/schemas/Warning"}}}},
  "Warning": {
    "type": "object", "required": ["code", "message"],
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}}},
  "Status": {
    "type": "object", "required": ["status", "version", "uptime_seconds", "roles", "strategy", "models"],
    "properties": {
      "status": {"enum": ["ready", "degraded", "draining"]}, "reason": {"type": "string"},
      "version": {"type": "string"}, "started_at": {"type": "string", "format": "date-time"},
      "uptime_seconds": {"type": "number"},
      "memory": {
        "type": "object", "required": ["limit", "shares"], "properties": {
          "limit": {"type": "integer"},
          "shares": {"type": "object", "additionalProperties": {
            "type": "object", "required": ["bytes", "limit"],
            "properties": {"bytes": {"type": "integer"}, "limit": {"type": "integer"}}}}}},
      "roles": {"type": "array", "items": {"enum": ["api", "worker"]}},
      "strategy": {
        "type": "object", "required": ["mode", "executor", "reason"],
        "properties": {"mode": {"type": "string"}, "executor": {"type": "string"}, "reason": {"type": "string"}}},
      "running": {"type": "integer"}, "waiting": {"type": "integer"},
      "models": {
        "type": "array",
        "items": {
          "type": "object", "required": ["name", "open", "waiting", "workers", "slots"],
          "properties": {
            "name": {"type": "string"}, "open": {"type": "integer"}, "waiting": {"type": "integer"},
            "oldest_open_seconds": {"type": "number"}, "oldest_waiting_seconds": {"type": "number"},
            "running": {"type": "integer"},
            "workers": {"type": "integer"}, "plain_workers": {"type": "integer"}, "slots": {"type": "integer"}}}},
      "as_of": {"type": "string", "format": "date-time"}, "age_seconds": {"type": "number"},
      "warnings": {"type": "array", "items": {"$ref": "#/components/schemas/Warning"}},
      "redis": {
        "type": "object", "required": ["url", "connected"],
        "properties": {
          "url": {"type": "string"}, "connected": {"type": "boolean"},
          "since": {"type": "string", "format": "date-time"}, "version": {"type": "string"},
          "eviction_policy": {"type": "string"},
          "last_error": {"type": "string"}, "last_error_at": {"type": "string", "format": "date-time"}}},
      "workers": {
        "type": "array",
        "items": {
          "type": "object", "required": ["name", "process", "version", "models", "running"],
          "properties": {
            "name": {"type": "string"}, "process": {"type": "string"}, "version": {"type": "string"},
            "models": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "slots": {"type": "integer"}}}},
            "running": {"type": "integer"}, "started_at": {"type": "string", "format": "date-time"},
            "last_claim_at": {"type": "string", "format": "date-time"}}}},
      "workers_error": {"type": "string"}}},
  "ReloadReport": {
    "type": "object", "required": ["file", "digest", "changes", "models", "restart_needed"],
    "properties": {
      "file": {"type": "string"}, "digest": {"type": "string"},
      "changes": {
        "type": "array",
        "items": {
          "type": "object", "required": ["name", "before", "after", "live"],
          "properties": {
            "name": {"type": "string"}, "before": {"type": ["string", "null"]},
            "after": {"type": ["string", "null"]},
            "live": {"type": "boolean", "description": "false: it stays as it was until a restart"}}}},
      "models": {
        "type": "object",
        "additionalProperties": {"enum": ["added", "removed", "limits", "generator"]}},
      "restart_needed": {"type": "boolean"}}},
  "Problem": {
    "type": "object", "required": ["type", "title", "status", "detail", "code", "retryable"],
    "properties": {
      "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
      "detail": {"type": "string"}, "code": {"type": "string"}, "retryable": {"type": "boolean"},
      "instance": {"type": "string"}, "field": {"type": "string"},
      "generation": {"$ref": "#/components/schemas/Generation"}}}
})json";

JsonObject parsed(std::string_view text) {
  auto json = parse_json(text);
  if (!json) throw std::logic_error("the built-in schemas are not JSON: " + json.error().message);
  return json->as_object();
}

}  // namespace

JsonObject openapi_schemas() {
  JsonObject schemas = parsed(kSchemas);
  for (auto& [name, schema] : parsed(kFlipSchemas)) schemas.insert_or_assign(name, std::move(schema));
  return schemas;
}

}  // namespace shunt::api
