#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "namespace.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"
#include "terminal.hpp"
#include "text_table.hpp"

// What a service tells of its flip (docs/flip/commands.md), as people read it. Everything that it told is
// escaped.
namespace shunt::app {

[[nodiscard]] Style style_of_flip_state(std::string_view state);

// GET /admin/flip: the page for 3 a.m. `asked` is the service's address.
[[nodiscard]] std::string flip_status_text(const JsonObject& status, const std::string& asked,
                                           const Terminal& terminal, WallTime now);

// What a move led to. `undo` is the command that leads back.
[[nodiscard]] std::string flip_change_text(const JsonObject& change, const std::string& undo,
                                           const Terminal& terminal);

[[nodiscard]] std::string preflight_text(const JsonObject& preflight, const Terminal& terminal);

[[nodiscard]] std::string drain_text(const JsonObject& drain, const Terminal& terminal);
// The same in a line, for one who watches.
[[nodiscard]] std::string drain_line(const JsonObject& drain);
// Whether Redis may go, and why not.
[[nodiscard]] std::string may_disconnect_text(const JsonObject& drain, const Terminal& terminal);

[[nodiscard]] TextTable flip_log_table();
[[nodiscard]] std::vector<TextTable::Cell> flip_log_row(const JsonObject& entry);
// Entries that come one by one cannot be aligned with those to come.
[[nodiscard]] std::string flip_log_line(const JsonObject& entry, const Terminal& terminal);

// How the copies of the shadow compare with what callers got.
[[nodiscard]] std::string shadow_text(const JsonObject& report, const Terminal& terminal);

// What a look at the whole log has found.
[[nodiscard]] std::string chain_text(const JsonObject& report, const Terminal& terminal);

}  // namespace shunt::app
