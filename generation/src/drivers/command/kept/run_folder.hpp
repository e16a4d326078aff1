#pragma once

#include <memory>
#include <string>
#include <utility>

#include "drivers/command/scratch_space.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// The folder that a kept program and Shunt share for one run, in the program's own. Removed with what is in
// it; its space outlives it. One thread at a time.
class RunFolder {
 public:
  // Fails with `program_not_started`.
  [[nodiscard]] static Result<std::unique_ptr<RunFolder>> make(ScratchSpace& space,
                                                               const ScratchFolder& of_program,
                                                               std::string name);
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  ~RunFolder();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // The folder as it was made, wherever its path may lead by now.
  [[nodiscard]] const std::shared_ptr<OwnedFd>& opened() const noexcept { return opened_; }

 private:
  RunFolder(ScratchSpace& space, std::string path, std::string name)
      : space_(space), path_(std::move(path)), name_(std::move(name)) {}

  ScratchSpace& space_;
  const std::string path_;
  const std::string name_;
  std::shared_ptr<OwnedFd> parent_;
  std::shared_ptr<OwnedFd> opened_;
};

}  // namespace shunt::generation::command
