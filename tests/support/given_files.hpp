#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "shunt/base/digest.hpp"
#include "shunt/generation/file_error_codes.hpp"
#include "shunt/generation/file_store.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// Files of a test's own, by their digests.
class GivenFiles final : public FileSource {
 public:
  FileReference add(const std::string& bytes, std::string media_type, std::string filename = "") {
    const std::lock_guard lock(mutex_);
    FileReference file{.sha256 = sha256_hex(bytes),
                       .bytes = bytes.size(),
                       .media_type = std::move(media_type),
                       .filename = std::move(filename)};
    bytes_[file.sha256] = bytes;
    return file;
  }
  // Something else is under its name from now on.
  void spoil(const FileReference& file) {
    const std::lock_guard lock(mutex_);
    bytes_[file.sha256].back() ^= 1;
  }

  Result<std::string> read(const std::string& sha256, std::uint64_t, std::uint64_t offset,
                           std::size_t length) override {
    const std::lock_guard lock(mutex_);
    const auto found = bytes_.find(sha256);
    if (found == bytes_.end()) return Error{error_code::kFileGone, "there are no such bytes"};
    return found->second.substr(static_cast<std::size_t>(offset), length);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> bytes_;
};

}  // namespace shunt::testing
