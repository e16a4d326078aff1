#pragma once

#include <string>
#include <string_view>

#include "namespace.hpp"
#include "shunt/base/result.hpp"

namespace shunt::app {

// "speech-audio.wav", in the current folder; a number is put before the extension when there is such a file.
[[nodiscard]] std::string new_artifact_path(std::string_view model, std::string_view artifact);

// Fails when `path` cannot be written, before anything has run: a result that took minutes must not be lost
// to a mistyped folder.
[[nodiscard]] Result<void> check_writable(const std::string& path);

// Writes or overwrites.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view bytes);

}  // namespace shunt::app
