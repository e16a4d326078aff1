#include "shunt/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "shunt/base/clock.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"

namespace shunt::log {
namespace {

struct State {
  std::atomic<Level> level{Level::kInfo};
  std::atomic<Format> format{Format::kText};
  spdlog::logger logger{"shunt", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  State() {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::trace);
  }
};

State& state() {
  // Never destroyed: threads may log while the process exits.
  static State* const instance = new State;
  return *instance;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
    case Level::kOff:
      break;
  }
  return "off";
}

// A line that a person or a collector can take: what others wrote may be as long as they like.
constexpr std::size_t kMaxFieldBytes = 4096;

Json to_json(const Field& field) {
  return std::visit(
      [](const auto& value) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>) {
          return Json(to_valid_utf8(excerpt(value, kMaxFieldBytes)));
        } else {
          return Json(value);
        }
      },
      field.value);
}

std::string json_line(Level level, std::string_view event, std::initializer_list<Field> fields) {
  JsonObject line{
      {"time", format_rfc3339(system_clock().now())}, {"level", name_of(level)}, {"event", event}};
  for (const Field& field : fields) line.insert_or_assign(field.name, to_json(field));
  return displayable_json(to_json_text(line));
}

// A value is quoted where a reader could not tell where it ends, or a terminal would not show it as it is.
bool reads_plain(std::string_view text) {
  return !text.empty() && text.size() <= kMaxFieldBytes &&
         text.find_first_of(" \"=\\") == std::string_view::npos && is_displayable(text);
}

std::string text_line(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = format_rfc3339(system_clock().now());
  line += ' ';
  line.append(name_of(level))
      .append(level == Level::kInfo || level == Level::kWarn ? "  " : " ")
      .append(event);
  for (const Field& field : fields) {
    line.append(" ").append(field.name).append("=");
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text != nullptr && reads_plain(*text)) {
      line.append(*text);
    } else {
      line += displayable_json(to_json_text(to_json(field)));
    }
  }
  return line;
}

}  // namespace

void configure(Level level, Format format) {
  state().level = level;
  state().format = format;
}

bool enabled(Level level) noexcept {
  return level >= state().level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  const bool json = state().format.load(std::memory_order_relaxed) == Format::kJson;
  state().logger.info(json ? json_line(level, event, fields) : text_line(level, event, fields));
}

}  // namespace shunt::log
