#pragma once

#include <string_view>

#include "shunt/api/namespace.hpp"

namespace shunt::api {

// What the routes below /admin/flip take and answer; part of openapi_schemas().
inline constexpr std::string_view kFlipSchemas = R"json({
  "FlipRequest": {
    "type": "object", "additionalProperties": false,
    "properties": {
      "why": {"type": "string", "maxLength": 500},
      "overrides": {"type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": 64}}}},
  "FlipStartRequest": {
    "type": "object", "additionalProperties": false,
    "properties": {
      "plan": {"$ref": "#/components/schemas/FlipPlan"},
      "why": {"type": "string", "maxLength": 500},
      "overrides": {"type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": 64}}}},
  "FlipForceRequest": {
    "type": "object", "required": ["executor"], "additionalProperties": false,
    "properties": {
      "executor": {"enum": ["sync", "queue"]},
      "why": {"type": "string", "maxLength": 500},
      "overrides": {"type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": 64}}}},
  "FlipPlanRequest": {
    "type": "object", "additionalProperties": false,
    "properties": {"plan": {"$ref": "#/components/schemas/FlipPlan"}}},
  "FlipPlan": {"type": "object", "description": "As in plan.toml; what is missing keeps its default"},
  "FlipState": {
    "enum": ["off", "dark", "shadow", "canary", "full", "held", "aborting", "draining", "forced_sync", "forced_queue"]},
  "FlipActor": {
    "type": "object", "required": ["kind", "name"],
    "properties": {"kind": {"type": "string"}, "name": {"type": "string"}}},
  "FlipVerdict": {
    "type": "object", "required": ["outcome", "why", "canary", "control"],
    "properties": {
      "outcome": {"type": "string"}, "why": {"type": "string"},
      "canary": {"$ref": "#/components/schemas/FlipSide"}, "control": {"$ref": "#/components/schemas/FlipSide"},
      "z_errors": {"type": "number"}, "z_latency": {"type": "number"},
      "rise_errors": {"type": "number"}, "threshold_ms": {"type": "number"}}},
  "FlipSide": {
    "type": "object",
    "properties": {
      "jobs": {"type": "integer"}, "errors": {"type": "integer"}, "p50_ms": {"type": "number"},
      "p95_ms": {"type": "number"}, "slow": {"type": "integer"}}},
  "FlipCapacity": {
    "type": "object", "required": ["refused_share", "models"],
    "properties": {
      "refused_share": {"type": "number", "minimum": 0, "maximum": 1},
      "models": {"type": "array", "items": {
        "type": "object",
        "properties": {
          "name": {"type": "string"}, "sync_slots": {"type": "integer"},
          "arrivals_per_second": {"type": "number"}, "mean_run_seconds": {"type": "number"}}}}}},
  "FlipStatus": {
    "type": "object",
    "required": ["state", "acting", "place", "epoch", "since", "by", "why", "weight", "next", "undo", "store", "converged"],
    "properties": {
      "state": {"$ref": "#/components/schemas/FlipState"}, "acting": {"$ref": "#/components/schemas/FlipState"},
      "before": {"$ref": "#/components/schemas/FlipState"},
      "place": {"type": "string"}, "epoch": {"type": "integer"}, "step": {"type": "integer"},
      "since": {"type": "string", "format": "date-time"}, "by": {"$ref": "#/components/schemas/FlipActor"},
      "why": {"type": "string"},
      "weight": {
        "type": "object", "required": ["wanted", "seen"],
        "properties": {"wanted": {"type": "string"}, "seen": {"type": ["number", "null"]}}},
      "next": {"type": "string"}, "next_at": {"type": "string", "format": "date-time"}, "undo": {"type": "string"},
      "cool_down_until": {"type": "string", "format": "date-time"},
      "store": {
        "type": "object", "required": ["readable"],
        "properties": {
          "readable": {"type": "boolean"}, "problem": {"type": "string"}, "unreadable_seconds": {"type": "number"}}},
      "blind": {"type": "boolean"}, "unmerged": {"type": "boolean"}, "converged": {"type": "boolean"},
      "process": {"type": "string"},
      "processes": {"type": "array", "items": {
        "type": "object",
        "properties": {
          "process": {"type": "string"}, "host": {"type": "string"}, "pid": {"type": "integer"},
          "epoch": {"type": "integer"}, "version": {"type": "string"}, "build": {"type": "string"},
          "started_at": {"type": "string", "format": "date-time"}}}},
      "last_tick": {
        "type": "object",
        "properties": {
          "process": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
          "epoch": {"type": "integer"}, "clock_seconds": {"type": "number"},
          "verdict": {"$ref": "#/components/schemas/FlipVerdict"}, "alert": {"type": "string"},
          "silent": {"type": "array", "items": {"type": "string"}}, "jobs_seen": {"type": "number"}}},
      "plan": {"$ref": "#/components/schemas/FlipPlan"},
      "sync_capacity": {"$ref": "#/components/schemas/FlipCapacity"}}},
  "FlipChange": {
    "type": "object", "required": ["state", "place", "epoch", "weight", "undo", "stored", "not_reached"],
    "properties": {
      "state": {"$ref": "#/components/schemas/FlipState"}, "acting": {"$ref": "#/components/schemas/FlipState"},
      "before": {"$ref": "#/components/schemas/FlipState"},
      "place": {"type": "string"}, "epoch": {"type": "integer"}, "step": {"type": "integer"},
      "since": {"type": "string", "format": "date-time"}, "by": {"$ref": "#/components/schemas/FlipActor"},
      "why": {"type": "string"}, "weight": {"type": "string"}, "undo": {"type": "string"},
      "cool_down_until": {"type": "string", "format": "date-time"},
      "stored": {"type": "boolean", "description": "false: Redis was away, and only the process that was asked acts on it"},
      "not_reached": {"type": "array", "items": {"type": "string"}},
      "sync_capacity": {"$ref": "#/components/schemas/FlipCapacity"}}},
  "FlipPreflight": {
    "type": "object", "required": ["outcome", "failing", "checks"],
    "properties": {
      "outcome": {"enum": ["pass", "warn", "fail"]},
      "failing": {"type": "array", "items": {"type": "string"}},
      "checks": {"type": "array", "items": {
        "type": "object", "required": ["name", "outcome", "found", "advice"],
        "properties": {
          "name": {"type": "string"}, "outcome": {"enum": ["pass", "warn", "fail"]},
          "found": {"type": "string"}, "advice": {"type": "string"}}}}}},
  "FlipDrain": {
    "type": "object", "required": ["stage", "may_disconnect", "reasons", "work", "results", "keys"],
    "properties": {
      "stage": {"enum": ["admitting", "draining", "drained"]}, "may_disconnect": {"type": "boolean"},
      "reasons": {"type": "array", "items": {"type": "string"}},
      "state": {"$ref": "#/components/schemas/FlipState"}, "sends_to_queue": {"type": "boolean"},
      "unaware": {"type": "array", "items": {"type": "string"}},
      "work": {"type": "array", "items": {
        "type": "object",
        "properties": {
          "model": {"type": "string"}, "waiting": {"type": "integer"}, "active": {"type": "integer"},
          "delayed": {"type": "integer"}, "awaited": {"type": "integer"}, "total": {"type": "integer"}}}},
      "results": {"$ref": "#/components/schemas/FlipKept"}, "keys": {"$ref": "#/components/schemas/FlipKept"}}},
  "FlipKept": {
    "type": "object", "required": ["count"],
    "properties": {"count": {"type": "integer"}, "until": {"type": "string", "format": "date-time"}}},
  "FlipLog": {
    "type": "object", "required": ["entries", "next"],
    "properties": {
      "entries": {"type": "array", "items": {
        "type": "object",
        "properties": {
          "seq": {"type": "integer"}, "at": {"type": "string", "format": "date-time"}, "event": {"type": "string"},
          "by": {"$ref": "#/components/schemas/FlipActor"}, "why": {"type": "string"}, "from": {"type": "string"},
          "to": {"type": "string"}, "epoch": {"type": "integer"}, "salt": {"type": "string"},
          "process": {"type": "string"}, "overrides": {"type": "array", "items": {"type": "string"}},
          "verdict": {"$ref": "#/components/schemas/FlipVerdict"}, "undo": {"type": "string"},
          "previous": {"type": "string"}, "hash": {"type": "string"}}}},
      "next": {"type": ["integer", "null"]}}},
  "FlipShadow": {
    "type": "object",
    "required": ["epoch", "processes", "sampled", "made", "mismatches", "compared", "noise", "dropped", "latest"],
    "properties": {
      "epoch": {"type": "integer"}, "processes": {"type": "integer"}, "sampled": {"type": "integer"},
      "made": {"type": "integer"},
      "mismatches": {"type": "integer"},
      "compared": {"type": "object", "additionalProperties": {"type": "integer"}},
      "noise": {
        "type": "object",
        "properties": {"compared": {"type": "integer"}, "mismatches": {"type": "integer"}}},
      "dropped": {"type": "object", "additionalProperties": {"type": "integer"}},
      "latest": {"type": "array", "items": {
        "type": "object",
        "properties": {
          "at": {"type": "string", "format": "date-time"}, "model": {"type": "string"},
          "generation": {"type": "string"}, "class": {"type": "string"}, "where": {"type": "string"},
          "control": {"$ref": "#/components/schemas/FlipShadowEnd"},
          "candidate": {"$ref": "#/components/schemas/FlipShadowEnd"}}}}}},
  "FlipShadowEnd": {
    "type": "object",
    "properties": {
      "state": {"$ref": "#/components/schemas/State"}, "error": {"type": "string"}, "bytes": {"type": "integer"},
      "sha256": {"type": "string"}, "content": {"type": "string"}}},
  "FlipChain": {
    "type": "object", "required": ["intact", "entries", "first", "last", "hash"],
    "properties": {
      "intact": {"type": "boolean"}, "entries": {"type": "integer"}, "first": {"type": "integer"},
      "last": {"type": "integer"}, "hash": {"type": "string"}, "problem": {"type": "string"}}}
})json";

}  // namespace shunt::api
