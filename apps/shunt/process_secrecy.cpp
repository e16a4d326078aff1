#include "process_secrecy.hpp"

#include <sys/prctl.h>

namespace shunt::app {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

}  // namespace

void forbid_inspection() noexcept {
  // Fails for no reason but a wrong argument.
  if (!kSanitized) ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void allow_inspection() noexcept {
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

}  // namespace shunt::app
