#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "drivers/command/owned_fd.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// A folder of its own for a test, gone with it.
class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    std::string path = ::testing::TempDir() + "shunt-folder-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make " + path);
    folder_ = path;
    opened_ = command::OwnedFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~FolderTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] int opened() const { return opened_.get(); }

  std::filesystem::path folder_;

 private:
  command::OwnedFd opened_;
};

}  // namespace shunt::testing
