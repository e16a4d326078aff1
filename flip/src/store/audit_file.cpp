#include "store/audit_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "shunt/flip/audit.hpp"
#include "store/owned_descriptor.hpp"

namespace shunt::flip {
namespace {

constexpr mode_t kOwnerOnly = 0600;

Error unwritable(const std::string& path, const std::string& why) {
  return {"file_unwritable", "the audit file " + path + " cannot be written: " + why, Retryable::kYes};
}

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

}  // namespace shunt::flip
