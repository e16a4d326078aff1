#include <algorithm>

#include "shunt/base/sha256.hpp"
#include "shunt/generation/file_error_codes.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::generation {

Result<void> FileSource::read_all(const FileReference& file,
                                  const std::function<Result<void>(std::string_view)>& take) {
  constexpr std::uint64_t kPiece = 256UL * 1024;
  Sha256 digest;
  for (std::uint64_t offset = 0; offset < file.bytes || offset == 0;) {
    const auto length = static_cast<std::size_t>(std::min(kPiece, file.bytes - offset));
    auto piece = read(file.sha256, file.bytes, offset, length);
    if (!piece) return std::move(piece).error();
    digest.update(*piece);
    if (auto taken = take(*piece); !taken) return taken;
    if (length == 0) break;
    offset += length;
  }
  // A disk or a person has changed it: better no bytes than wrong ones.
  if (digest.finish_hex() == file.sha256) return {};
  return Error{error_code::kFileStoreFailed,
               "what the file store has does not have the digest that it is named by"};
}

}  // namespace shunt::generation
