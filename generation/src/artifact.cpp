#include "shunt/generation/artifact.hpp"

#include <algorithm>
#include <string_view>

namespace shunt {

std::shared_ptr<const std::string> Artifact::contents() const {
  return bytes ? bytes : std::make_shared<const std::string>();
}

bool is_valid_artifact_name(const std::string& name) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 128 && name.front() != '.' && std::ranges::all_of(name, allowed);
}

}  // namespace shunt
