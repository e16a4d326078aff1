#include "shunt/generation/artifact_store.hpp"

#include "shunt/base/digest.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {

Result<std::shared_ptr<const std::string>> ArtifactStore::get(const std::string& sha256, std::size_t size) {
  auto bytes = read(sha256, size, 0, size);
  // A disk, a bucket's owner or a person has changed it: better no bytes than wrong ones.
  if (bytes && sha256_hex(**bytes) != sha256) {
    return Error{error_code::kArtifactStoreFailed,
                 "what the artifact store has does not have the digest that it is named by"};
  }
  return bytes;
}

}  // namespace shunt::generation
