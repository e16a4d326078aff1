#pragma once

#include <cstddef>
#include <stop_token>
#include <string>

#include "shunt/base/result.hpp"
#include "shunt/generation/file_reference.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// The bytes of a file as text in base64. Blocks. A stop ends it early, with any error; fails as
// FileSource::read_all() does.
[[nodiscard]] Result<std::string> base64_of(FileSource& source, const FileReference& file,
                                            const std::stop_token& stop);

// "data:image/png;base64,..." (RFC 2397). Likewise.
[[nodiscard]] Result<std::string> data_url_of(FileSource& source, const FileReference& file,
                                              const std::stop_token& stop);

// How much text one becomes, and all of them.
[[nodiscard]] std::size_t data_url_bytes(const FileReference& file) noexcept;
[[nodiscard]] std::size_t data_url_bytes(const InputFiles& files) noexcept;

}  // namespace shunt::generation
