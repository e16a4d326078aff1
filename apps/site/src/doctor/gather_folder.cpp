#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "shunt/site/gather.hpp"

namespace shunt::site {
namespace {

namespace fs = std::filesystem;

// The folder itself, or the nearest above it that is there.
fs::path nearest(const fs::path& folder) {
  fs::path at = folder;
  std::error_code failure;
  while (!fs::exists(at, failure) && at.has_parent_path() && at != at.parent_path()) at = at.parent_path();
  return at;
}

}  // namespace

FolderFacts gather_folder(std::string purpose, const std::string& path, std::uint64_t wanted_bytes) {
  FolderFacts facts;
  std::error_code failure;
  const fs::path folder = fs::absolute(path, failure);
  const fs::path asked = nearest(folder);
  facts.purpose = std::move(purpose);
  facts.path = folder.string();
  facts.there = asked == folder;
  facts.asked = asked.string();
  facts.wanted_bytes = wanted_bytes;
  if (!fs::is_directory(asked, failure)) {
    facts.failure = ENOTDIR;
  } else if (::access(asked.c_str(), W_OK | X_OK) != 0) {
    facts.failure = errno;
  }
  struct statvfs system{};
  if (::statvfs(asked.c_str(), &system) != 0) return facts;
  facts.can_be_measured = true;
  // What is kept for root is free for nobody else.
  facts.free_bytes = std::uint64_t{system.f_bavail} * system.f_frsize;
  facts.bytes = std::uint64_t{system.f_blocks} * system.f_frsize;
  facts.free_inodes = system.f_favail;
  facts.inodes = system.f_files;
  return facts;
}

}  // namespace shunt::site
