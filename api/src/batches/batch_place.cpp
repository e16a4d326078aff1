#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "batches/batch_files.hpp"
#include "batches/batch_folder.hpp"
#include "batches/batch_record.hpp"

namespace shunt::api::batches {
namespace {

constexpr std::array<std::string_view, 3> kFileNames{"output.jsonl", "errors.jsonl", "started"};

}  // namespace

Result<Batch> BatchPlace::load() const {
  return load_batch(folder_);
}

Result<void> BatchPlace::save(const Batch& batch) {
  return save_batch(folder_, batch);
}

bool BatchPlace::cancel_asked() const {
  return is_there(folder_ / kCancelFile);
}

Result<int> BatchPlace::opened(WorkFile file) {
  auto& slot = files_.at(static_cast<std::size_t>(file));
  if (!slot) {
    const auto path = folder_ / kFileNames.at(static_cast<std::size_t>(file));
    StoredFile fresh(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, kOwnerOnly);
    struct stat status{};
    if (!fresh.is_open() || ::fstat(fresh.get(), &status) != 0) {
      return batch_failed("opening results of a batch", path, errno);
    }
    if (!S_ISREG(status.st_mode)) return batch_failed("opening results of a batch", path, EIO);
    slot.emplace(std::move(fresh));
  }
  return slot->get();
}

Result<std::uint64_t> BatchPlace::size(WorkFile file) {
  const auto descriptor = opened(file);
  if (!descriptor) return descriptor.error();
  struct stat status{};
  if (::fstat(*descriptor, &status) != 0) return batch_failed("reading results of a batch", folder_, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> BatchPlace::append(WorkFile file, std::string_view text) {
  const auto before = size(file);
  if (!before) return before.error();
  const auto descriptor = opened(file);
  if (!descriptor) return descriptor.error();
  const int number = write_all(*descriptor, text);
  if (number == 0) return {};
  // Half a line would spoil the next one. Where that fails too, whoever comes next cuts it off.
  auto failed = batch_failed("writing results of a batch", folder_, number);
  const bool cut_off = ::ftruncate(*descriptor, static_cast<off_t>(*before)) == 0;
  return std::move(failed).with("cut_off", cut_off);
}

Result<std::string> BatchPlace::read(WorkFile file, std::uint64_t offset, std::size_t length) {
  const auto descriptor = opened(file);
  if (!descriptor) return descriptor.error();
  std::string bytes(length, '\0');
  std::size_t have = 0;
  while (have < length) {
    const ssize_t count =
        ::pread(*descriptor, bytes.data() + have, length - have, static_cast<off_t>(offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return batch_failed("reading results of a batch", folder_, errno);
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

Result<void> BatchPlace::cut(WorkFile file, std::uint64_t size) {
  const auto descriptor = opened(file);
  if (!descriptor) return descriptor.error();
  if (::ftruncate(*descriptor, static_cast<off_t>(size)) == 0) return {};
  return batch_failed("cutting results of a batch", folder_, errno);
}

Result<void> BatchPlace::sync() {
  for (const auto& file : files_) {
    if (file && ::fdatasync(file->get()) != 0)
      return batch_failed("writing results of a batch", folder_, errno);
  }
  return {};
}

void BatchPlace::clear() {
  ::unlink(open_mark_.c_str());
  for (auto& file : files_) file.reset();
  for (const std::string_view name : kFileNames) ::unlink((folder_ / name).c_str());
}

}  // namespace shunt::api::batches
