#include "new_file.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "shunt/base/random.hpp"
#include "write_all.hpp"

namespace shunt::app {
namespace {

Error cannot_write(const std::string& path, std::string_view reason) {
  return {"write_failed", "cannot write " + path + ": " + std::string(reason)};
}

// Gone with the object, unless it has become the file by then.
class Draft {
 public:
  Draft(const std::string& path, mode_t mode) : mode_(mode) {
    const std::filesystem::path wanted(path);
    constexpr std::size_t kRandomBytes = 8;
    path_ = (wanted.parent_path() / ('.' + wanted.filename().string() + '.' + random_name(kRandomBytes)))
                .string();
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  }
  ~Draft() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (!named_) ::unlink(path_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  [[nodiscard]] Result<void> fill(std::string_view text) const {
    if (::fchmod(descriptor_, mode_) != 0) return cannot_write(path_, std::strerror(errno));
    if (auto written = write_all(descriptor_, text); !written)
      return cannot_write(path_, written.error().message);
    if (::fsync(descriptor_) != 0) return cannot_write(path_, std::strerror(errno));
    return {};
  }

  // Only root may give a file to any group, so for others it stays theirs.
  void give_to(gid_t group) const {
    if (::fchown(descriptor_, static_cast<uid_t>(-1), group) == 0) (void)::fchmod(descriptor_, mode_);
  }

  [[nodiscard]] Result<void> take_name(const std::string& name, Replace replace) {
    if (replace == Replace::kYes ? rename_over(name) : rename_beside(name)) return {};
    return cannot_write(name, errno == EEXIST ? "it is there already" : std::strerror(errno));
  }

 private:
  bool rename_over(const std::string& name) { return named_ = ::rename(path_.c_str(), name.c_str()) == 0; }
  // A link is refused where a file is, on every file system; the draft's own name goes with the draft.
  bool rename_beside(const std::string& name) { return ::link(path_.c_str(), name.c_str()) == 0; }

  const mode_t mode_;
  std::string path_;
  int descriptor_ = -1;
  bool named_ = false;
};

// Who could read what was there before can read what comes; else the group of this name, for root alone: it
// writes for a service that has another user.
std::optional<gid_t> readers_of(const std::string& path, const std::string& name) {
  struct stat old{};
  if (::stat(path.c_str(), &old) == 0 && old.st_gid != 0) return old.st_gid;
  if (::geteuid() != 0) return std::nullopt;
  std::array<char, 16'384> space{};
  group entry{};
  group* found = nullptr;
  ::getgrnam_r(name.c_str(), &entry, space.data(), space.size(), &found);
  return found == nullptr ? std::nullopt : std::optional(found->gr_gid);
}

}  // namespace

Result<void> write_new_file(const std::string& path, std::string_view text, Replace replace,
                            const FileAccess& access,
                            const std::function<Result<void>(const std::string& written)>& check) {
  Draft draft(path, access.mode);
  if (!draft.is_open()) return cannot_write(path, std::strerror(errno));
  if (auto filled = draft.fill(text); !filled) return filled;
  if (const auto group = readers_of(path, access.group)) draft.give_to(*group);
  if (check) {
    if (auto checked = check(draft.path()); !checked) return checked;
  }
  return draft.take_name(path, replace);
}

}  // namespace shunt::app
