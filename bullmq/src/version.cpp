#include "bullmq/version.hpp"

#include "bullmq_scripts.hpp"

namespace bullmq {

std::string_view upstream_version() noexcept {
  return detail::scripts_version();
}

}  // namespace bullmq
