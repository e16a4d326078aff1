#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "s3_file_bucket.hpp"
#include "s3_file_bytes.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::s3 {

// Walks along all names of a file store, a page a call, and removes what is over: first callers' entries,
// then holders, then bytes that nobody holds, then marks of removers. A walk begins with every 256th call at
// most, so that a small store is asked little. One call at a time; others return at once.
class FileExpiry {
 public:
  FileExpiry(FileBucket& bucket, FileBytes& bytes) : bucket_(bucket), bytes_(bytes) {}

  // How many entries and bytes have been removed.
  [[nodiscard]] Result<std::size_t> step(WallTime now);

 private:
  enum class Section { kCallers, kHolders, kObjects, kRemovers, kNone };
  [[nodiscard]] Result<std::size_t> step_names(std::string_view prefix, WallTime now);
  [[nodiscard]] Result<std::size_t> step_objects(WallTime now);
  [[nodiscard]] bool is_over(const std::string& name, WallTime now) const;
  void go_on(const NameList& list);

  FileBucket& bucket_;
  FileBytes& bytes_;
  std::mutex mutex_;
  std::size_t calls_ = 0;
  Section section_ = Section::kNone;
  std::string after_;
};

}  // namespace shunt::generation::s3
