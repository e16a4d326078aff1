#pragma once

#include "shunt/base/error.hpp"
#include "shunt/generation/file_error_codes.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// What a generation with files fails with in a process that was not told where those are.
[[nodiscard]] inline Error no_file_source() {
  return {error_code::kFileStoreFailed, "this process has no store of files (files.directory)"};
}

}  // namespace shunt::generation
