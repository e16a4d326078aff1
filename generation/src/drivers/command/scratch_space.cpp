#include "drivers/command/scratch_space.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <vector>

#include "drivers/command/tree_removal.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

namespace fs = std::filesystem;

// A folder has its last name only once it is locked, so that a name of this kind without a lock means a dead
// owner.
constexpr std::string_view kNew = "shunt-new-";
constexpr std::string_view kOwned = "shunt-programs-";
// Between two looks at whether others want the thread, or the process its end.
constexpr std::size_t kEntriesAtOnce = 2'000;
// A temporary folder with more entries than this is not searched to its end.
constexpr std::size_t kMostEntries = 200'000;

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error no_folder(int number) {
  return {error_code::kProgramNotStarted,
          std::string("no temporary folder could be made for the program: ") + std::strerror(number),
          Retryable::kYes};
}

bool is_ours(int folder) {
  struct stat status{};
  return ::fstat(folder, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid();
}

std::vector<std::string> owned_names(int temporary) {
  std::vector<std::string> names;
  DIR* const listing = ::fdopendir(::openat(temporary, ".", kFolderFlags));
  if (listing == nullptr) return names;
  std::size_t seen = 0;
  while (const dirent* const entry = ::readdir(listing)) {
    if (++seen > kMostEntries) break;
    if (std::string_view(entry->d_name).starts_with(kOwned)) names.emplace_back(entry->d_name);
  }
  ::closedir(listing);
  return names;
}

// The folder, locked by us, if its owner is dead.
OwnedFd take_abandoned(int temporary, const std::string& name) {
  OwnedFd folder(::openat(temporary, name.c_str(), kFolderFlags));
  if (!folder.valid() || !is_ours(folder.get())) return {};
  return ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(folder) : OwnedFd();
}

}  // namespace

fs::path ScratchSpace::default_temporary() {
  std::error_code failure;
  const fs::path folder = fs::temp_directory_path(failure);
  // An empty path is found to be unusable by whoever needs it.
  return failure ? fs::path() : fs::absolute(folder, failure);
}

ScratchSpace::ScratchSpace(fs::path temporary) : temporary_(std::move(temporary)) {}

ScratchSpace::~ScratchSpace() {
  ending_ = true;
  files_.join();
  // Only when it is empty: what runs have left is found by the next start, since the lock goes now.
  if (!root_.empty()) ::rmdir(root_.c_str());
}

bool ScratchSpace::make_root() {
  std::string made = (temporary_ / (std::string(kNew) + "XXXXXX")).string();
  if (temporary_.empty() || ::mkdtemp(made.data()) == nullptr) return false;
  OwnedFd folder(::open(made.c_str(), kFolderFlags));
  std::string name = made;
  name.replace(made.rfind(kNew), kNew.size(), kOwned);
  // mkdtemp's letters make the name ours: rename would only ever replace an empty folder of this user.
  if (!folder.valid() || ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::rename(made.c_str(), name.c_str()) != 0) {
    const int number = errno;
    ::rmdir(made.c_str());
    errno = number;
    return false;
  }
  lock_ = std::move(folder);
  root_ = std::move(name);
  return true;
}

Result<std::string> ScratchSpace::fresh_folder() {
  const std::lock_guard lock(mutex_);
  // Twice: what tidies up temporary folders may have taken ours.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (root_.empty() && !make_root()) return no_folder(errno);
    std::string path = root_ + "/run-XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) return path;
    if (errno != ENOENT) break;
    root_.clear();
  }
  return no_folder(errno);
}

Result<ScratchFolder> ScratchSpace::make(bool for_output) {
  auto path = fresh_folder();
  if (!path) return std::move(path).error();
  ScratchFolder folder(*this, std::move(*path), OwnedFd());
  if (!for_output) return folder;
  const std::string out = folder.path() + "/out";
  if (::mkdir(out.c_str(), S_IRWXU) != 0) return no_folder(errno);
  OwnedFd opened(::open(out.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.valid()) return no_folder(errno);
  return ScratchFolder(std::move(folder), std::move(opened));
}

void ScratchSpace::remove(std::string folder) {
  const std::size_t slash = folder.rfind('/');
  auto parent = std::make_shared<OwnedFd>(::open(folder.substr(0, slash).c_str(), kFolderFlags));
  if (parent->valid()) remove_step(std::move(parent), folder.substr(slash + 1));
}

// One step at a time, so that a folder with very many files lets others have the thread between.
void ScratchSpace::remove_step(std::shared_ptr<OwnedFd> parent, std::string name) {
  files_.post([this, parent = std::move(parent), name = std::move(name)]() mutable {
    const Removed removed = remove_some(parent->get(), name, kEntriesAtOnce);
    if (removed == Removed::kMore && ending_) return;
    if (removed == Removed::kMore) return remove_step(std::move(parent), std::move(name));
    if (removed == Removed::kFailed) {
      log::warn("programs.folder_not_removed", {{"folder", name}, {"reason", std::strerror(errno)}});
    }
  });
}

void ScratchSpace::remove_abandoned() {
  files_.post([this] {
    const OwnedFd temporary(::open(temporary_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!temporary.valid()) return;
    for (const std::string& name : owned_names(temporary.get())) {
      // Held until the folder is gone, so that two processes that start do not both remove it.
      const OwnedFd held = take_abandoned(temporary.get(), name);
      if (!held.valid()) continue;
      Removed removed = Removed::kMore;
      do {
        removed = remove_some(temporary.get(), name, kEntriesAtOnce);
      } while (removed == Removed::kMore && !ending_);
      if (removed == Removed::kAll) log::info("programs.abandoned_folder_removed", {{"folder", name}});
    }
  });
}

}  // namespace shunt::generation::command
