#include "new_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "shunt/base/random.hpp"
#include "write_all.hpp"

namespace shunt::app {
namespace {

constexpr mode_t kMode = 0640;

Error cannot_write(const std::string& path, std::string_view reason) {
  return {"write_failed", "cannot write " + path + ": " + std::string(reason)};
}

// Gone with the object, unless it has become the file by then.
class Draft {
 public:
  explicit Draft(const std::string& path) {
    const std::filesystem::path wanted(path);
    constexpr std::size_t kRandomBytes = 8;
    path_ = (wanted.parent_path() / ('.' + wanted.filename().string() + '.' + random_name(kRandomBytes)))
                .string();
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode);
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
    if (::fchmod(descriptor_, kMode) != 0) return cannot_write(path_, std::strerror(errno));
    if (auto written = write_all(descriptor_, text); !written)
      return cannot_write(path_, written.error().message);
    if (::fsync(descriptor_) != 0) return cannot_write(path_, std::strerror(errno));
    return {};
  }

  [[nodiscard]] Result<void> take_name(const std::string& name, Replace replace) {
    if (replace == Replace::kYes ? rename_over(name) : rename_beside(name)) return {};
    return cannot_write(name, errno == EEXIST ? "it is there already" : std::strerror(errno));
  }

 private:
  bool rename_over(const std::string& name) { return named_ = ::rename(path_.c_str(), name.c_str()) == 0; }
  // A link is refused where a file is, on every file system; the draft's own name goes with the draft.
  bool rename_beside(const std::string& name) { return ::link(path_.c_str(), name.c_str()) == 0; }

  std::string path_;
  int descriptor_ = -1;
  bool named_ = false;
};

}  // namespace

Result<void> write_new_file(const std::string& path, std::string_view text, Replace replace,
                            const std::function<Result<void>(const std::string& written)>& check) {
  Draft draft(path);
  if (!draft.is_open()) return cannot_write(path, std::strerror(errno));
  if (auto filled = draft.fill(text); !filled) return filled;
  if (check) {
    if (auto checked = check(draft.path()); !checked) return checked;
  }
  return draft.take_name(path, replace);
}

}  // namespace shunt::app
