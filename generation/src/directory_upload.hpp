#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "shunt/base/sha256.hpp"
#include "shunt/base/stored_file.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// An upload that lies in a folder from its first byte: in that of the store, so that its place becomes
// another one by a link, or in one that it is sent on from.
class DirectoryUpload final : public FileUpload {
 public:
  DirectoryUpload(std::filesystem::path path, std::uint64_t min_free_bytes);
  ~DirectoryUpload() override;
  DirectoryUpload(const DirectoryUpload&) = delete;
  DirectoryUpload& operator=(const DirectoryUpload&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return file_.is_open(); }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  Result<void> append(std::string_view bytes) override;
  std::uint64_t bytes() const noexcept override { return bytes_; }
  // The bytes are durable; their SHA-256. Once.
  Result<std::string> finish();

 private:
  const std::filesystem::path path_;
  StoredFile file_;
  const std::uint64_t min_free_bytes_;
  Sha256 digest_;
  std::uint64_t bytes_ = 0;
};

// Begins one in the folder, which is made for the owner only where it is missing.
[[nodiscard]] Result<std::unique_ptr<DirectoryUpload>> begin_directory_upload(
    const std::filesystem::path& folder, std::uint64_t min_free_bytes);
// The reference to what an upload has brought, which is durable then. Once.
[[nodiscard]] Result<FileReference> finished(DirectoryUpload& upload, FileReference file);
// Removes what lies in the folder since so long ago that its process must have died, and returns how many
// entries that were.
std::size_t remove_abandoned(const std::filesystem::path& folder, WallTime now);

}  // namespace shunt::generation
