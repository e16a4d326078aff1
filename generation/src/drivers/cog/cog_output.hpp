#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::cog {

// What a prediction's output becomes.
struct CogOutput {
  std::string text{};  // of a text, or of a list of nothing but texts, joined
  Json output{};       // as it came, with {"artifact": name} in place of each file
  std::vector<Artifact> artifacts{};
};

// Whether a text is a file: "data:...". Other addresses are texts like any other; nothing is fetched.
[[nodiscard]] bool is_file(std::string_view text) noexcept;

// Fails with `upstream_broken` for a file whose data URL cannot be read.
[[nodiscard]] Result<CogOutput> take_output(Json output);

}  // namespace shunt::generation::cog
