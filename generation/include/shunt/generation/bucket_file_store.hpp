#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "shunt/base/result.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Files in a bucket, below the prefix "shunt-files/" where artifacts have "shunt/", for processes that share
// no folder. Uploads lie in the folder `spool` of this machine until they are whole, where they leave
// `min_free_bytes`. The server is not asked anything before the first use. Fails with `invalid_configuration`
// for options that cannot be meant.
[[nodiscard]] Result<std::unique_ptr<FileStore>> make_s3_file_store(S3Options options,
                                                                    std::filesystem::path spool,
                                                                    std::uint64_t min_free_bytes = 0);

}  // namespace shunt::generation
