#include "store/audit_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>

#include "shunt/flip/audit.hpp"
#include "store/owned_descriptor.hpp"

namespace shunt::flip {
namespace {

constexpr mode_t kOwnerOnly = 0600;

Error unwritable(const std::string& path, const std::string& why) {
  return {"file_unwritable", "the audit file " + path + " cannot be written: " + why, Retryable::kYes};
}

Error unreadable(const std::string& path, const std::string& why) {
  return {"audit_file_unreadable", "the audit file " + path + " cannot be read: " + why};
}

// How long the file is while nobody is writing it: behind that may be half a line. What is in front of it
// stays as it is. Appends do not wait for a lock, so it is held for this one look alone. What is no file (a
// pipe) has no such length.
Result<std::size_t> settled_size(int file, const std::string& path) {
  while (::flock(file, LOCK_SH) != 0) {
    if (errno != EINTR) return unreadable(path, std::strerror(errno));
  }
  struct stat about{};
  const int looked = ::fstat(file, &about) == 0 ? 0 : errno;
  ::flock(file, LOCK_UN);
  if (looked != 0) return unreadable(path, std::strerror(looked));
  return S_ISREG(about.st_mode) ? static_cast<std::size_t>(about.st_size)
                                : std::numeric_limits<std::size_t>::max();
}

// Takes lines out of pieces. One that is too long for an entry is not held whole, and is a problem by itself.
class ChainReader {
 public:
  void take(std::string_view piece) {
    while (!check_.report().problem) {
      const std::size_t end = piece.find('\n');
      line_.append(piece.substr(0, end));
      if (line_.size() > kMaxAuditLineBytes || end != std::string_view::npos) finish_line();
      if (end == std::string_view::npos) return;
      piece.remove_prefix(end + 1);
    }
  }
  // A last line needs no end.
  [[nodiscard]] const ChainReport& finish() {
    if (!line_.empty()) finish_line();
    return check_.report();
  }
  [[nodiscard]] bool has_problem() const { return check_.report().problem.has_value(); }

 private:
  void finish_line() {
    check_.add(line_);
    line_.clear();
  }

  std::string line_;
  ChainCheck check_;
};

// Where the last whole line ends, and the number of its entry; 0 where it is none.
struct Tail {
  off_t end = 0;
  std::uint64_t seq = 0;
};
Result<Tail> tail_of(int file, const std::string& path) {
  struct stat about{};
  if (::fstat(file, &about) != 0) return unwritable(path, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return unwritable(path, "it is no regular file");
  // Room for the last line and an unfinished one behind it.
  const off_t from = std::max<off_t>(0, about.st_size - static_cast<off_t>(2 * (kMaxAuditLineBytes + 1)));
  std::string text(static_cast<std::size_t>(about.st_size - from), '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), from);
  if (got < 0) return unwritable(path, std::strerror(errno));
  text.resize(static_cast<std::size_t>(got));
  const std::size_t end = text.rfind('\n');
  if (end == std::string::npos) {
    if (from > 0) return unwritable(path, "its last line is longer than any entry");
    return Tail{};
  }
  const std::size_t before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  const auto entry = parse_audit_line(std::string_view(text).substr(begin, end - begin));
  return Tail{from + static_cast<off_t>(end) + 1, entry ? entry->seq : 0};
}

}  // namespace

Result<void> AuditFile::append(const std::vector<AuditLine>& entries) {
  if (entries.empty()) return {};
  const OwnedDescriptor file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, kOwnerOnly));
  if (!file.ok()) return unwritable(path_, std::strerror(errno));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return unwritable(path_, "another process writes it now");
  auto tail = tail_of(file.get(), path_);
  if (!tail) return tail.error();
  std::string text;
  for (const AuditLine& entry : entries) {
    if (entry.seq > tail->seq) text += entry.line + '\n';
  }
  if (text.empty()) return {};
  if (::ftruncate(file.get(), tail->end) != 0) return unwritable(path_, std::strerror(errno));
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written =
        ::pwrite(file.get(), text.data() + done, text.size() - done, tail->end + static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return unwritable(path_, std::strerror(errno));
    done += static_cast<std::size_t>(written);
  }
  if (::fsync(file.get()) != 0) return unwritable(path_, std::strerror(errno));
  return {};
}

Result<ChainReport> verify_audit_file(const std::string& path) {
  const OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return unreadable(path, std::strerror(errno));
  const auto size = settled_size(file.get(), path);
  if (!size) return size.error();
  ChainReader reader;
  std::string piece(64UL * 1024, '\0');
  for (std::size_t done = 0; done < *size && !reader.has_problem();) {
    const ssize_t got = ::read(file.get(), piece.data(), std::min(piece.size(), *size - done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path, std::strerror(errno));
    // A pipe's end, or somebody has cut the file meanwhile.
    if (got == 0) break;
    reader.take(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
    done += static_cast<std::size_t>(got);
  }
  return reader.finish();
}

}  // namespace shunt::flip
