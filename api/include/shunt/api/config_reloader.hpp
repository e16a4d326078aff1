#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api {

// What a reload has changed, or would.
struct ReloadReport {
  struct Change {
    std::string name;  // a setting, or a table that came or went: "models.speech"
    // As people may see them; the same where both are secrets. Nothing for a table that was, or is, not
    // there.
    std::optional<std::string> before;
    std::optional<std::string> after;
    bool live = false;  // false: it stays as it was until a restart
  };
  std::string file;    // that was read
  std::string digest;  // of what runs now, or would
  std::vector<Change> changes;
  std::vector<std::pair<std::string, std::string>>
      models;  // name, and "added", "removed", "limits", "generator"
};

// Reads the process's configuration again, for POST /admin/reload.
class ConfigReloader {
 public:
  virtual ~ConfigReloader() = default;

  enum class Mode {
    kTake,  // all that is live, or nothing
    kTry,   // finds out what kTake would do, and leaves everything as it is
  };
  // One after the other. `done` is called once, on a thread of the reloader's or, when the process ends, on
  // the calling one. The error is what is wrong with the configuration (`invalid_configuration`), or that the
  // process ends (`shutting_down`). Any thread.
  virtual void reload(Mode mode, std::function<void(Result<ReloadReport>)> done) = 0;
};

}  // namespace shunt::api
