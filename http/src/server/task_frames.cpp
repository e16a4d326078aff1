// The memory of coroutine frames.
#include <array>
#include <new>

#include "shunt/http/server/task.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define SHUNT_FRAMES_ARE_KEPT 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHUNT_FRAMES_ARE_KEPT 0
#endif
#endif
#ifndef SHUNT_FRAMES_ARE_KEPT
#define SHUNT_FRAMES_ARE_KEPT 1  // a sanitizer that looks for memory used after its end wants each to end
#endif

namespace shunt::http::task_detail {
namespace {

constexpr std::size_t kStep = 128;
constexpr std::size_t kSizes = 16;        // frames up to 2 KiB are kept
constexpr std::size_t kKeptOfASize = 16;  // so a thread keeps 272 KiB at most

struct KeptFrame {
  KeptFrame* next;
};
struct KeptSize {
  KeptFrame* first = nullptr;
  std::size_t count = 0;
};

// Without a destructor, so that it is there for frames that end while their thread does.
thread_local constinit std::array<KeptSize, kSizes> kept{};
thread_local constinit bool thread_ends = false;

struct Keeper {
  Keeper() = default;
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper() {
    thread_ends = true;
    for (KeptSize& size : kept) {
      while (KeptFrame* const frame = size.first) {
        size.first = frame->next;
        ::operator delete(frame);
      }
      size.count = 0;
    }
  }
};

std::size_t place_of(std::size_t size) {
  return SHUNT_FRAMES_ARE_KEPT != 0 ? (size - 1) / kStep : kSizes;
}

}  // namespace

void* take_frame(std::size_t size) {
  const std::size_t place = place_of(size);
  if (place >= kSizes) return ::operator new(size);
  KeptSize& same = kept[place];
  KeptFrame* const frame = same.first;
  if (frame == nullptr) return ::operator new((place + 1) * kStep);
  same.first = frame->next;
  --same.count;
  return frame;
}

void give_frame_back(void* frame, std::size_t size) noexcept {
  const std::size_t place = place_of(size);
  if (place >= kSizes || thread_ends || kept[place].count == kKeptOfASize) return ::operator delete(frame);
  thread_local const Keeper keeper;
  KeptSize& same = kept[place];
  same.first = new (frame) KeptFrame{same.first};
  ++same.count;
}

}  // namespace shunt::http::task_detail
