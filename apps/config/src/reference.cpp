#include "shunt/config/configuration.hpp"

namespace shunt::config {

std::string reference_markdown() {
  return {};
}

}  // namespace shunt::config
