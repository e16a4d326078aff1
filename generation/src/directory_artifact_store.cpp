#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "shunt/base/digest.hpp"
#include "shunt/base/hex.hpp"
#include "shunt/base/random.hpp"
#include "shunt/base/stored_file.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::generation {
namespace {

namespace fs = std::filesystem;

Error failed(std::string_view what, const fs::path& path, int number) {
  return store_failed(error_code::kArtifactStoreFailed, what, path, number);
}

// No other writer has it: not of this process, and not of another machine that shares the folder.
std::string temporary_name() {
  return ".new-" + random_name();
}

class DirectoryArtifactStore final : public ArtifactStore {
 public:
  explicit DirectoryArtifactStore(fs::path folder) : folder_(std::move(folder)) {}

  Result<std::string> put(std::string_view bytes) override {
    std::string digest = sha256_hex(bytes);
    const fs::path path = path_of(digest);
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
    // Stored again: its age begins anew.
    if (::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0) return digest;
    const fs::path temporary = path.parent_path() / temporary_name();
    if (auto written = write_new(temporary, bytes); !written) {
      fs::remove(temporary, ignored);
      return std::move(written).error();
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      const int number = errno;
      fs::remove(temporary, ignored);
      return failed("renaming a new artifact", path, number);
    }
    if (const int number = sync_folder(path.parent_path()); number != 0) {
      return failed("storing an artifact", path, number);
    }
    return digest;
  }

  Result<std::shared_ptr<const std::string>> read(const std::string& sha256, std::size_t size,
                                                  std::size_t offset, std::size_t length) override {
    if (!is_sha256_hex(sha256)) {
      return artifact_name_impossible();
    }
    const fs::path path = path_of(sha256);
    auto part = read_part(path, size, offset, length);
    if (const auto* const not_read = std::get_if<PartNotRead>(&part)) {
      if (not_read->number == ENOENT) return artifact_expired();
      return failed(std::string(not_read->what) + " an artifact", path, not_read->number);
    }
    return std::make_shared<const std::string>(std::get<std::string>(std::move(part)));
  }

  Result<void> remove(const std::string& sha256) override {
    if (!is_sha256_hex(sha256)) return {};
    const fs::path path = path_of(sha256);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("removing an artifact", path, errno);
    return {};
  }

  Result<std::size_t> expire(std::chrono::milliseconds age) override {
    const auto before = fs::file_time_type::clock::now() - age;
    // One in sixteen of the folders, by the first digit of their names.
    const char digit = hex_digit(next_part_.fetch_add(1));
    std::size_t removed = 0;
    std::error_code failure;
    for (auto entry = fs::directory_iterator(folder_, failure); !failure && entry != fs::directory_iterator();
         entry.increment(failure)) {
      if (entry->path().filename().string().front() != digit) continue;
      if (auto some = expire_in(entry->path(), before); some) {
        removed += *some;
      } else {
        return some;
      }
    }
    if (failure) return failed("looking for expired artifacts", folder_, failure.value());
    return removed;
  }

 private:
  static Result<std::size_t> expire_in(const fs::path& folder, fs::file_time_type before) {
    std::size_t removed = 0;
    std::error_code failure;
    for (auto entry = fs::directory_iterator(folder, failure); !failure && entry != fs::directory_iterator();
         entry.increment(failure)) {
      // Another process may have been faster.
      std::error_code gone;
      if (!entry->is_regular_file(gone) || entry->last_write_time(gone) >= before || gone) continue;
      if (fs::remove(entry->path(), gone)) ++removed;
    }
    if (failure && failure != std::errc::no_such_file_or_directory && failure != std::errc::not_a_directory)
      return failed("looking for expired artifacts", folder, failure.value());
    return removed;
  }

  // Two levels, so that no folder has too many entries.
  [[nodiscard]] fs::path path_of(const std::string& digest) const {
    return folder_ / digest.substr(0, 2) / digest;
  }

  static Result<void> write_new(const fs::path& path, std::string_view bytes) {
    StoredFile file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.is_open()) return failed("creating an artifact", path, errno);
    if (const int number = write_all(file.get(), bytes); number != 0)
      return failed("writing an artifact", path, number);
    if (::fsync(file.get()) != 0 || file.close() != 0) return failed("writing an artifact", path, errno);
    return {};
  }

  const fs::path folder_;
  std::atomic<unsigned> next_part_{0};
};

}  // namespace

Result<std::unique_ptr<ArtifactStore>> make_directory_artifact_store(fs::path folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) return failed("creating the artifacts' folder", folder, failure.value());
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return failed("writing to the artifacts' folder", folder, errno);
  return std::unique_ptr<ArtifactStore>(std::make_unique<DirectoryArtifactStore>(std::move(folder)));
}

}  // namespace shunt::generation
