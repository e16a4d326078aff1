#pragma once

#include <vector>

#include "settings_table.hpp"
#include "shunt/config/redact.hpp"
#include "value_kinds.hpp"

namespace shunt::config {

// The headers that go along with each request to a server that a driver asks.
template <typename Options>
void add_header_settings(std::vector<Setting<Options>>& settings) {
  settings.insert(
      settings.end(),
      {
          setting<Options>("headers", kind::TextMap{}, &Options::headers, "Further headers of each request.")
              .secret([](const Options& o) { return names_alone(o.headers); }),
          setting<Options>("headers_env", kind::TextMap{}, &Options::headers_env,
                           "Headers whose values are in environment variables, by the variables' names."),
          setting<Options>("headers_file", kind::TextMap{}, &Options::headers_file,
                           "Headers whose values are in files, by their paths."),
      });
}

}  // namespace shunt::config
