#include "shunt/base/log.hpp"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>

#include "shunt/base/clock.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"

namespace shunt::base::log {
namespace {

struct State {
  std::atomic<Level> level{Level::kInfo};
  std::atomic<Format> format{Format::kText};
  // One line at a time, also where a line takes several writes.
  std::mutex mutex;
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

// Standard error may be non-blocking where a shell has left it so. Its reader gets this long to make room.
constexpr int kRoomWaitMs = 1000;

bool may_go_on(int error) {
  if (error == EINTR) return true;
  if (error != EAGAIN) return false;
  pollfd full{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&full, 1, kRoomWaitMs) > 0;
}

// A line that standard error does not take is lost: there is no other place to say so.
void write_line(std::string_view line) {
  const std::lock_guard lock(state().mutex);
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written >= 0) {
      line.remove_prefix(static_cast<std::size_t>(written));
    } else if (!may_go_on(errno)) {
      return;
    }
  }
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
  write_line((json ? json_line(level, event, fields) : text_line(level, event, fields)) + '\n');
}

}  // namespace shunt::base::log
