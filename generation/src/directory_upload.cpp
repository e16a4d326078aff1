#include "directory_upload.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "file_failures.hpp"
#include "shunt/base/random.hpp"

namespace shunt::generation {
namespace {

namespace fs = std::filesystem;

// Uploads that were begun so long ago have lost their process.
constexpr std::chrono::hours kAbandonedAfter{24};

}  // namespace

DirectoryUpload::DirectoryUpload(fs::path path, std::uint64_t min_free_bytes)
    : path_(std::move(path)),
      file_(path_, O_WRONLY | O_CREAT | O_EXCL, kOwnerOnly),
      min_free_bytes_(min_free_bytes) {}

DirectoryUpload::~DirectoryUpload() {
  file_.close();
  ::unlink(path_.c_str());
}

Result<void> DirectoryUpload::append(std::string_view bytes) {
  if (!file_.is_open()) return file_not_stored("writing a file", path_, EBADF);
  struct statvfs room{};
  if (min_free_bytes_ > 0 && ::fstatvfs(file_.get(), &room) == 0 &&
      static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize < min_free_bytes_ + bytes.size()) {
    return file_not_stored("writing a file", path_, ENOSPC);
  }
  if (const int number = write_all(file_.get(), bytes); number != 0) {
    return file_not_stored("writing a file", path_, number);
  }
  digest_.update(bytes);
  bytes_ += bytes.size();
  return {};
}

Result<std::string> DirectoryUpload::finish() {
  if (!file_.is_open() || ::fsync(file_.get()) != 0 || file_.close() != 0) {
    return file_not_stored("writing a file", path_, errno);
  }
  return digest_.finish_hex();
}

Result<std::unique_ptr<DirectoryUpload>> begin_directory_upload(const fs::path& folder,
                                                                std::uint64_t min_free_bytes) {
  if (const int number = make_private_folder(folder); number != 0) {
    return file_not_stored("making the folder of files", folder, number);
  }
  const fs::path path = folder / random_name();
  auto upload = std::make_unique<DirectoryUpload>(path, min_free_bytes);
  if (!upload->is_open()) return file_not_stored("beginning a file", path, errno);
  return upload;
}

Result<FileReference> finished(DirectoryUpload& upload, FileReference file) {
  auto sha256 = upload.finish();
  if (!sha256) return std::move(sha256).error();
  file.sha256 = std::move(*sha256);
  file.bytes = upload.bytes();
  return file;
}

std::size_t remove_abandoned(const fs::path& folder, WallTime now) {
  std::size_t removed = 0;
  std::error_code failure;
  for (auto entry = fs::directory_iterator(folder, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure)) {
    struct stat status{};
    if (::lstat(entry->path().c_str(), &status) != 0) continue;
    if (std::chrono::seconds(status.st_mtim.tv_sec) >= (now - kAbandonedAfter).time_since_epoch()) continue;
    std::error_code ignored;  // what is in use now is looked at again
    removed += fs::remove_all(entry->path(), ignored) > 0 ? 1 : 0;
  }
  return removed;
}

}  // namespace shunt::generation
