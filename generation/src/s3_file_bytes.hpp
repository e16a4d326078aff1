#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "directory_upload.hpp"
#include "s3_file_bucket.hpp"
#include "s3_file_names.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::s3 {

// What one PUT may have.
inline constexpr std::uint64_t kMaxObjectBytes = std::uint64_t{5} << 30U;

// How long whoever adds waits for whoever removes the same bytes; how long a remover's mark is heeded; and
// until how long after putting it a remover may remove.
struct RemovalTimes {
  std::chrono::milliseconds patience{5'000};
  std::chrono::milliseconds mark_life = std::chrono::minutes(10);
  std::chrono::milliseconds slowest = std::chrono::minutes(1);
};

// Bytes and those who hold them. Adding and removing go on at the same time, in any number of processes: each
// first puts up its own mark and then looks for the other's (Dekker's algorithm; docs/decisions/0024).
class FileBytes {
 public:
  FileBytes(FileBucket& bucket, const Clock& clock, RemovalTimes times = {})
      : bucket_(bucket), clock_(clock), times_(times) {}

  // Holds the upload's bytes, which are there when this returns.
  [[nodiscard]] Result<void> place(const DirectoryUpload& upload, const Mark& holder);
  // Holds bytes that are there, and fails with `file_gone` where they are not.
  [[nodiscard]] Result<void> hold(const Mark& holder, std::uint64_t bytes);
  // Whether the holder is there, and so are the bytes.
  [[nodiscard]] Result<bool> is_held(const Mark& holder, std::uint64_t bytes);
  // Takes the holder away, and the bytes unless others hold them by `now`. What cannot be removed now is
  // removed by whoever looks at all names.
  void release(const Mark& holder, WallTime now);
  // True: the bytes have gone.
  [[nodiscard]] Result<bool> remove_unheld(const std::string& sha256, WallTime now);

 private:
  [[nodiscard]] Result<void> place_held(const DirectoryUpload& upload, const std::string& sha256);
  [[nodiscard]] Result<bool> hold_what_is_there(const Mark& holder, std::uint64_t bytes);
  [[nodiscard]] Result<void> wait_for_removers(const std::string& sha256);
  [[nodiscard]] Result<bool> is_being_removed(const std::string& sha256);
  [[nodiscard]] Result<bool> has_holder(const std::string& sha256, WallTime now);
  [[nodiscard]] Result<bool> remove_marked(const Mark& mark, WallTime now, SteadyTime begun);
  void take_away(const std::string& name);

  FileBucket& bucket_;
  const Clock& clock_;
  const RemovalTimes times_;
};

}  // namespace shunt::generation::s3
