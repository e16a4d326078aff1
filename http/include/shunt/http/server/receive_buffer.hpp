#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// The bytes received and not yet used, in one piece. Keeps its storage between requests; an idle stream gives
// it back (release).
class ReceiveBuffer {
 public:
  static constexpr std::size_t kInitialBytes = 2048;

  [[nodiscard]] std::string_view view() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  // The capacity after prepare(wanted).
  [[nodiscard]] std::size_t capacity_for(std::size_t wanted) const noexcept {
    const std::size_t used = size();
    if (capacity_ - end_ >= wanted || capacity_ - used >= wanted) return capacity_;
    std::size_t larger = capacity_ == 0 ? kInitialBytes : capacity_ * 2;
    while (larger - used < wanted) larger *= 2;
    return larger;
  }

  void consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // Room for at least `wanted` bytes; everything handed out before is invalid.
  [[nodiscard]] std::span<char> prepare(std::size_t wanted) {
    if (capacity_ - end_ < wanted) make_room(wanted);
    return {data_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t count) noexcept { end_ += count; }

  // Gives the storage back if nothing is in it.
  void release() noexcept {
    if (!empty()) return;
    data_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  void make_room(std::size_t wanted) {
    const std::size_t used = size();
    if (capacity_ - used >= wanted) {
      std::memmove(data_.get(), data_.get() + begin_, used);
    } else {
      const std::size_t larger = capacity_for(wanted);
      std::unique_ptr<char[]> moved(new char[larger]);
      if (used > 0) std::memcpy(moved.get(), data_.get() + begin_, used);
      data_ = std::move(moved);
      capacity_ = larger;
    }
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace shunt::http
