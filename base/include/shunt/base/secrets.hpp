#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shunt/base/result.hpp"

namespace shunt::base {

// The value of an environment variable: that of the process, or the one that hide_variables took from there.
[[nodiscard]] std::optional<std::string> environment_variable(const std::string& name);

// Keeps the values of these variables for environment_variable() and overwrites them where they came in, so
// that neither /proc/PID/environ nor the environment of a child has them. Call it before there are threads:
// the C library's environment is not safe to change beside its readers.
void hide_variables(const std::vector<std::string>& names);

// The first line of a file that holds a secret, without the end that editors put there. Fails with
// `invalid_configuration` and a message that begins with the file's name: it cannot be read, is no file, is
// empty, or its first line is longer than any secret.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& file);

}  // namespace shunt::base
