#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "representation/named_file.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::api {

// Holds one of the user's own files; nullopt: the user has none of this id. Fails as the store does. Blocks.
[[nodiscard]] Result<std::optional<FileReference>> hold_file(FileStore& store, std::string_view id,
                                                             const FileUse& use);

// Holds the file that `member` names, one of the user's own or what a data: URL has in it. Fails with
// `invalid_input` where the user has no such file, and as the store does. Blocks. Precondition: it is no
// HttpsUrl, which somebody has to fetch first.
[[nodiscard]] Result<FileReference> hold_named_file(FileStore& store, const std::string& member,
                                                    const NamedFile& file, const FileUse& use);

}  // namespace shunt::api
