#include "drivers/command/input_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "drivers/command/owned_fd.hpp"
#include "drivers/no_file_source.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

constexpr const char* kFolder = "in";

Error not_put(int number) {
  return {error_code::kProgramNotStarted,
          std::string("a file for the program could not be written: ") + std::strerror(number),
          Retryable::kYes};
}

Result<void> write_piece(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return not_put(errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> put(FileSource& source, const FileReference& file, int folder, const std::string& name,
                 const std::stop_token& stop) {
  const OwnedFd opened(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                S_IRUSR | S_IWUSR));
  if (!opened.valid()) return not_put(errno);
  return source.read_all(file, [&](std::string_view piece) -> Result<void> {
    if (stop.stop_requested()) return not_put(ECANCELED);
    return write_piece(opened.get(), piece);
  });
}

}  // namespace

Result<std::map<std::string, std::string>> put_input_files(FileSource* source, const InputFiles& files,
                                                           int folder, const std::string& path,
                                                           const std::stop_token& stop) {
  if (source == nullptr) return no_file_source();
  if (::mkdirat(folder, kFolder, S_IRWXU) != 0) return not_put(errno);
  const OwnedFd opened(::openat(folder, kFolder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.valid()) return not_put(errno);
  std::map<std::string, std::string> paths;
  for (const auto& [member, file] : files) {
    // No member that is a name itself has such a one.
    std::string name = is_valid_artifact_name(member) ? member : '+' + std::to_string(paths.size());
    name += file_extension(file.media_type);
    if (auto done = put(*source, file, opened.get(), name, stop); !done) return std::move(done).error();
    paths.emplace(member, path + '/' + kFolder + '/' + name);
  }
  return paths;
}

}  // namespace shunt::generation::command
