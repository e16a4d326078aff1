#pragma once

namespace shunt {

// Whether AddressSanitizer or ThreadSanitizer watches this program: they keep memory that was freed, take
// several times as long, and need descriptors of their own for what they look at (UndefinedBehaviorSanitizer,
// which comes with AddressSanitizer here, takes an object for a broken one when it gets none).
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace shunt
