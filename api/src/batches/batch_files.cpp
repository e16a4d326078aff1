#include "batches/batch_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "batches/batch_record.hpp"
#include "shunt/base/stored_file.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::api::batches {
namespace {

namespace fs = std::filesystem;

// A record that is longer was not written here.
constexpr std::uint64_t kMaxRecordBytes = 1024UL * 1024;
// How often a record is read that is being replaced at the same moment.
constexpr int kTries = 8;

}  // namespace

Error batch_failed(std::string_view what, const fs::path& path, int number) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return store_failed(full ? error_code::kStorageFull : error_code::kFileStoreFailed, what, path, number);
}

bool is_there(const fs::path& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<Batch> load_batch(const fs::path& folder) {
  const fs::path path = folder / kRecordFile;
  int number = 0;
  for (int tries = 0; tries < kTries; ++tries) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
      return batch_failed("reading a batch", path, errno).with("number", std::int64_t{errno});
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > kMaxRecordBytes) return batch_failed("reading a batch", path, EFBIG);
    auto text = read_part(path, size, 0, static_cast<std::size_t>(size));
    if (auto* const whole = std::get_if<std::string>(&text)) return decode_batch(*whole);
    number = std::get<PartNotRead>(text).number;
  }
  return batch_failed("reading a batch", path, number);
}

Result<void> save_batch(const fs::path& folder, const Batch& batch) {
  const fs::path fresh = folder / "batch.new";
  {
    StoredFile file(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, kOwnerOnly);
    int number = file.is_open() ? 0 : errno;
    if (number == 0) number = write_all(file.get(), encode_batch(batch));
    if (number == 0 && ::fsync(file.get()) != 0) number = errno;
    if (number != 0) return batch_failed("storing a batch", fresh, number);
  }
  if (::rename(fresh.c_str(), (folder / kRecordFile).c_str()) != 0)
    return batch_failed("storing a batch", folder, errno);
  if (const int number = sync_folder(folder); number != 0)
    return batch_failed("storing a batch", folder, number);
  return {};
}

int touch(const fs::path& path) {
  const StoredFile file(path, O_WRONLY | O_CREAT | O_NOFOLLOW, kOwnerOnly);
  return file.is_open() ? 0 : errno;
}

}  // namespace shunt::api::batches
