#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "shunt/base/error_code.hpp"
#include "shunt/base/result.hpp"

// What the stores that keep bytes in folders do with files. All of it blocks.
namespace shunt::base {

// Artifacts may be read by the owner's group.
inline constexpr unsigned kGroupReads = 0640;
inline constexpr unsigned kOwnerOnly = 0600;

// An opened file that closes itself.
class StoredFile {
 public:
  // `mode` is that of a file that is made.
  StoredFile(const std::filesystem::path& path, int flags, unsigned mode = kGroupReads);
  StoredFile(StoredFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  StoredFile& operator=(StoredFile&&) = delete;
  ~StoredFile() { close(); }
  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] int get() const noexcept { return descriptor_; }
  int close();

 private:
  int descriptor_;
};

// 0, or errno.
[[nodiscard]] int write_all(int descriptor, std::string_view bytes);

// Why a part of a file was not read: errno, or EIO where it has another size than it is said to have.
struct PartNotRead {
  std::string_view what;  // "opening", "reading", ...
  int number = 0;
};
// Exactly `length` bytes from `offset` on of a file that has `size` of them. A link, a pipe or a device in
// its place is not read: the folder may be shared with others.
[[nodiscard]] std::variant<std::string, PartNotRead> read_part(const std::filesystem::path& path,
                                                               std::uint64_t size, std::uint64_t offset,
                                                               std::size_t length);

// What was named is as durable as the bytes. 0, or errno.
[[nodiscard]] int sync_folder(const std::filesystem::path& folder);

// Makes the folder and those above it that are not there, for the owner only. 0, or errno.
[[nodiscard]] int make_private_folder(const std::filesystem::path& folder);

// "WHAT failed: REASON", retryable; the path is internal.
[[nodiscard]] Error store_failed(ErrorCode code, std::string_view what, const std::filesystem::path& path,
                                 int number);

}  // namespace shunt::base
