#include "file_failures.hpp"

#include <cerrno>
#include <cstdint>
#include <string>

#include "file_use.hpp"
#include "shunt/base/stored_file.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation {

Error file_not_stored(std::string_view what, const std::filesystem::path& path, int number) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return store_failed(full ? error_code::kStorageFull : error_code::kFileStoreFailed, what, path, number);
}

Error file_gone() {
  return {error_code::kFileGone, "the file has expired or was removed: its bytes are not stored any more"};
}

Error too_many_file_uses() {
  return Error{error_code::kFileQuotaExceeded, "the caller's generations of late have had their limit of " +
                                                   std::to_string(kMaxUses) + " different files"}
      .with("limit", static_cast<std::uint64_t>(kMaxUses));
}

}  // namespace shunt::generation
