#pragma once

#include "shunt/base/error_code.hpp"
#include "shunt/generation/namespace.hpp"

// The codes about callers' files, beside those of error_codes.hpp.
namespace shunt::generation::error_code {

inline constexpr ErrorCode kFileUnknown = "file_unknown";
inline constexpr ErrorCode kFileGone = "file_gone";
inline constexpr ErrorCode kFileStoreFailed = "file_store_failed";
inline constexpr ErrorCode kFileQuotaExceeded = "file_quota_exceeded";
inline constexpr ErrorCode kStorageFull = "storage_full";

}  // namespace shunt::generation::error_code
