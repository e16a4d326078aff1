#include "shunt/generation/artifact.hpp"

#include <algorithm>
#include <string_view>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {

std::shared_ptr<const std::string> Artifact::contents() const {
  return bytes ? bytes : std::make_shared<const std::string>();
}

Result<std::shared_ptr<const std::string>> Artifact::part(std::size_t offset, std::size_t length) const {
  const std::size_t here = bytes ? bytes->size() : 0;
  if (offset > here || length > here - offset) {
    return Error{error_code::kArtifactGone, "the artifact's bytes are not kept any more"};
  }
  if (length == here) return contents();
  return std::make_shared<const std::string>(bytes->substr(offset, length));
}

bool is_valid_artifact_name(const std::string& name) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 128 && name.front() != '.' && std::ranges::all_of(name, allowed);
}

}  // namespace shunt::generation
