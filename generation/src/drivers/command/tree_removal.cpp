#include "drivers/command/tree_removal.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace shunt::generation::command {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

// nullptr with errno set. Only our own folders are ever given their permissions back.
Folder open_folder(int parent, const char* name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int folder = ::openat(parent, name, kFlags);
  if (folder < 0 && errno == EACCES && ::fchmodat(parent, name, S_IRWXU, AT_SYMLINK_NOFOLLOW) == 0) {
    folder = ::openat(parent, name, kFlags);
  }
  if (folder < 0) return nullptr;
  DIR* const opened = ::fdopendir(folder);
  if (opened == nullptr) ::close(folder);
  return Folder(opened);
}

// The next entry's name; nullptr at the end.
const char* next_name(DIR* folder) {
  while (const dirent* const entry = ::readdir(folder)) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") return entry->d_name;
  }
  return nullptr;
}

enum class Gone { kYes, kNotEmpty, kNo };

// A file, or a folder with nothing in it.
Gone remove_entry(int parent, const char* name) {
  if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return Gone::kYes;
  if (errno != EISDIR && errno != EPERM) return Gone::kNo;
  if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return Gone::kYes;
  return errno == ENOTEMPTY || errno == EEXIST ? Gone::kNotEmpty : Gone::kNo;
}

// Removes what stands at the top of a folder, and moves to its top what is deeper, so that no tree is too
// deep.
class Removal {
 public:
  Removal(int top, std::size_t max_entries) : top_(top), left_(max_entries) {}

  // kAll: the folder is empty.
  Removed empty(DIR* folder) {
    bool progress = true;
    while (progress) {
      progress = false;
      bool found = false;
      ::rewinddir(folder);
      while (const char* const name = next_name(folder)) {
        if (left_ == 0) return Removed::kMore;
        --left_;
        found = true;
        progress |= remove(name);
      }
      if (!found) return Removed::kAll;
    }
    return Removed::kFailed;
  }

 private:
  // Whether anything has changed by it.
  bool remove(const char* name) {
    Gone gone = remove_entry(top_, name);
    if (gone == Gone::kNo && errno == EACCES) gone = Gone::kNotEmpty;
    if (gone != Gone::kNotEmpty) return gone == Gone::kYes;
    const Folder inner = open_folder(top_, name);
    if (inner == nullptr) return false;
    // A folder without the right to write or search keeps its entries.
    if (::fchmod(::dirfd(inner.get()), S_IRWXU) != 0) return false;
    bool progress = false;
    while (const char* const entry = next_name(inner.get())) {
      if (left_ == 0) return true;
      --left_;
      progress |= lift(::dirfd(inner.get()), entry);
    }
    return ::unlinkat(top_, name, AT_REMOVEDIR) == 0 || progress;
  }

  // Removes an entry of an inner folder, or brings it to the top when it is a folder with something in it.
  bool lift(int inner, const char* name) {
    const Gone gone = remove_entry(inner, name);
    if (gone != Gone::kNotEmpty) return gone == Gone::kYes;
    // Moving a folder writes into it, since its ".." changes.
    if (::fchmodat(inner, name, S_IRWXU, AT_SYMLINK_NOFOLLOW) != 0) return false;
    const std::string lifted = ".lifted-" + std::to_string(lifted_++);
    return ::renameat(inner, name, top_, lifted.c_str()) == 0;
  }

  const int top_;
  std::size_t left_;
  std::size_t lifted_ = 0;
};

}  // namespace

Removed remove_some(int parent, const std::string& name, std::size_t max_entries) {
  const Folder folder = open_folder(parent, name.c_str());
  if (folder == nullptr) return errno == ENOENT ? Removed::kAll : Removed::kFailed;
  const int top = ::dirfd(folder.get());
  if (::fchmod(top, S_IRWXU) != 0) return Removed::kFailed;
  const Removed removed = Removal(top, max_entries).empty(folder.get());
  if (removed != Removed::kAll) return removed;
  return ::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT ? Removed::kAll
                                                                                : Removed::kFailed;
}

}  // namespace shunt::generation::command
