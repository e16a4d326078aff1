#include "drivers/command/scratch_space.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <future>

#include "folder_fixture.hpp"

namespace shunt::generation::command {
namespace {

namespace fs = std::filesystem;

class ScratchSpaces : public shunt::testing::FolderTest {
 protected:
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  // Waits for the work that was posted before.
  static void settle(ScratchSpace& space) {
    std::promise<void> done[2];
    for (auto& each : done) space.files().post([&each] { each.set_value(); });
    for (auto& each : done) each.get_future().wait();
  }
  void remove_abandoned() const {
    ScratchSpace space(folder_);
    space.remove_abandoned();
  }
};

TEST_F(ScratchSpaces, MakeFoldersThatOnlyTheirUserSeesAndRemoveThem) {
  {
    ScratchSpace space(folder_);
    EXPECT_EQ(entries(), 0U) << "nothing is made before it is needed";
    auto first = space.make(true);
    const auto second = space.make(false);
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_NE(first->path(), second->path());
    struct stat status{};
    ASSERT_EQ(::stat(first->path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    EXPECT_EQ(first->output_path("a.wav"), first->path() + "/out/a.wav");
    EXPECT_TRUE(fs::is_directory(first->path() + "/out"));
    EXPECT_FALSE(fs::exists(second->path() + "/out"));
    EXPECT_EQ(entries(), 1U);
  }
  EXPECT_EQ(entries(), 0U) << "and nothing is left";
}

TEST_F(ScratchSpaces, FindTheOutputFolderWhateverItsPathLeadsTo) {
  ScratchSpace space(folder_);
  const auto made = space.make(true);
  fs::create_directory(folder_ / "foreign");
  write("foreign/a", "secret");
  fs::rename(made->path() + "/out", made->path() + "/moved");
  fs::create_directory_symlink(folder_ / "foreign", made->path() + "/out");
  EXPECT_EQ(::openat(made->output_folder(), "a", O_RDONLY | O_CLOEXEC), -1);
}

TEST_F(ScratchSpaces, ComeBackWhenSomebodyHasTidiedUp) {
  ScratchSpace space(folder_);
  (void)space.make(false);
  settle(space);
  for (const auto& entry : fs::directory_iterator(folder_)) fs::remove_all(entry);
  EXPECT_TRUE(space.make(false).ok());
}

TEST_F(ScratchSpaces, FailWithAReasonWhereThereIsNoRoom) {
  ScratchSpace space(folder_ / "missing");
  const auto made = space.make(false);
  ASSERT_FALSE(made.ok());
  EXPECT_TRUE(made.error().is_retryable());
  EXPECT_NE(made.error().message.find("No such file"), std::string::npos) << made.error().message;
}

TEST_F(ScratchSpaces, RemoveWhatAKilledProcessHasLeftAndNothingElse) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t other = ::fork();
  if (other == 0) {
    ScratchSpace space(folder_);
    const auto made = space.make(true);
    std::ofstream(made->path() + "/out/big") << "left";
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  fs::create_directory(folder_ / "somebody-else");
  fs::create_directory_symlink("/etc", folder_ / "shunt-programs-link");
  write("shunt-programs-file", "");
  ASSERT_EQ(::mkfifo((folder_ / "shunt-programs-fifo").c_str(), 0600), 0);
  ASSERT_EQ(entries(), 5U);
  remove_abandoned();
  EXPECT_EQ(entries(), 5U) << "its owner lives";
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  remove_abandoned();
  EXPECT_EQ(entries(), 4U);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(ScratchSpaces, LeaveFoldersOfOtherUsersAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make somebody else's";
  fs::create_directory(folder_ / "shunt-programs-theirs");
  ASSERT_EQ(::chown((folder_ / "shunt-programs-theirs").c_str(), 65534, 65534), 0);
  remove_abandoned();
  EXPECT_EQ(entries(), 1U);
}

}  // namespace
}  // namespace shunt::generation::command
