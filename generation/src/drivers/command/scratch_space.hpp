#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "drivers/command/owned_fd.hpp"
#include "shunt/base/file_work.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

class ScratchFolder;

// Where a generator's programs get their folders: a folder under the system's temporary one, which this
// process holds locked (flock) as long as it lives. What dead processes have left is told by their locks,
// which nobody holds any more: neither by process ids, which containers that share a folder do not share, nor
// by age.
//
// Any thread. Folders are removed on threads of its own.
class ScratchSpace {
 public:
  // Makes nothing yet.
  explicit ScratchSpace(std::filesystem::path temporary = default_temporary());
  // Ends removals that are under way; what is left then goes with the next process that starts.
  ~ScratchSpace();
  ScratchSpace(const ScratchSpace&) = delete;
  ScratchSpace& operator=(const ScratchSpace&) = delete;

  // A fresh folder for one run; with `for_output` a folder "out" in it. Fails with `program_not_started`.
  [[nodiscard]] Result<ScratchFolder> make(bool for_output);

  // Removes, on a thread of its own, what dead processes of this user have left under the temporary folder.
  void remove_abandoned();

  // Removes, likewise, the folder `name` of the folder open as `parent` with what is in it.
  void remove_in(std::shared_ptr<OwnedFd> parent, std::string name) {
    remove_step(std::move(parent), std::move(name));
  }

  // For other work on files.
  [[nodiscard]] FileWork& files() noexcept { return files_; }

 private:
  friend class ScratchFolder;
  static std::filesystem::path default_temporary();
  Result<std::string> fresh_folder();
  bool make_root();
  void remove(std::string folder);
  void remove_step(std::shared_ptr<OwnedFd> parent, std::string name);

  const std::filesystem::path temporary_;
  std::mutex mutex_;
  std::string root_;  // "": not made yet
  OwnedFd lock_;      // the root, opened and locked
  std::atomic<bool> ending_{false};
  FileWork files_;  // last: its threads use the rest
};

// The folder of one run, removed with what is in it. Its space outlives it.
class ScratchFolder {
 public:
  ScratchFolder(ScratchSpace& space, std::string path, OwnedFd output)
      : space_(&space), path_(std::move(path)), output_(std::move(output)) {}
  ScratchFolder(ScratchFolder&& other, OwnedFd output) noexcept
      : space_(other.space_), path_(std::exchange(other.path_, {})), output_(std::move(output)) {}
  ScratchFolder(ScratchFolder&& other) noexcept
      : space_(other.space_), path_(std::exchange(other.path_, {})), output_(std::move(other.output_)) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    if (!path_.empty()) space_->remove(std::move(path_));
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string output_path(const std::string& name) const { return path_ + "/out/" + name; }
  // The folder "out" as it was made, wherever its path may lead by now.
  [[nodiscard]] int output_folder() const noexcept { return output_.get(); }

 private:
  ScratchSpace* space_;
  std::string path_;
  OwnedFd output_;
};

}  // namespace shunt::generation::command
