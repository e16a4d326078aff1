#include "drivers/command/kept/run_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error no_folder(int number) {
  return {error_code::kProgramNotStarted,
          std::string("no folder could be made for the run: ") + std::strerror(number), Retryable::kYes};
}

}  // namespace

Result<std::unique_ptr<RunFolder>> RunFolder::make(ScratchSpace& space, const ScratchFolder& of_program,
                                                   std::string name) {
  std::string path = of_program.output_path(name);
  std::unique_ptr<RunFolder> folder(new RunFolder(space, std::move(path), std::move(name)));
  folder->parent_ =
      std::make_shared<OwnedFd>(::fcntl(of_program.output_folder(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!folder->parent_->valid()) return no_folder(errno);
  if (::mkdirat(folder->parent_->get(), folder->name_.c_str(), S_IRWXU) != 0) return no_folder(errno);
  folder->opened_ =
      std::make_shared<OwnedFd>(::openat(folder->parent_->get(), folder->name_.c_str(), kFolderFlags));
  if (!folder->opened_->valid()) return no_folder(errno);
  return folder;
}

// Most runs leave nothing in it.
RunFolder::~RunFolder() {
  if (!parent_ || !parent_->valid()) return;
  if (::unlinkat(parent_->get(), name_.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
  space_.remove_in(parent_, name_);
}

}  // namespace shunt::generation::command
