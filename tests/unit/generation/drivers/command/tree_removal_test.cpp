#include "drivers/command/tree_removal.hpp"

#include <sys/stat.h>

#include "folder_fixture.hpp"

namespace shunt::generation::command {
namespace {

namespace fs = std::filesystem;

class TreeRemoval : public shunt::testing::FolderTest {
 protected:
  [[nodiscard]] Removed remove(std::size_t max_entries = 100'000) const {
    return remove_some(opened(), "tree", max_entries);
  }
};

TEST_F(TreeRemoval, RemovesEverythingAndFollowsNoLink) {
  fs::create_directories(folder_ / "tree/a/b/c");
  fs::create_directory(folder_ / "kept");
  write("kept/file", "precious");
  write("tree/a/b/c/file", "x");
  fs::create_symlink(folder_ / "kept", folder_ / "tree/a/link");
  fs::create_symlink(folder_ / "kept/file", folder_ / "tree/link");
  ASSERT_EQ(::mkfifo((folder_ / "tree/fifo").c_str(), 0600), 0);
  EXPECT_EQ(remove(), Removed::kAll);
  EXPECT_FALSE(fs::exists(folder_ / "tree"));
  EXPECT_TRUE(fs::exists(folder_ / "kept/file"));
  EXPECT_EQ(remove(), Removed::kAll) << "it is gone already";
}

TEST_F(TreeRemoval, OfALinkFails) {
  fs::create_directory(folder_ / "kept");
  write("kept/file", "precious");
  fs::create_symlink(folder_ / "kept", folder_ / "tree");
  EXPECT_EQ(remove(), Removed::kFailed);
  EXPECT_TRUE(fs::exists(folder_ / "kept/file"));
}

TEST_F(TreeRemoval, TakesBackPermissionsThatWereGivenUp) {
  fs::create_directories(folder_ / "tree/a/b");
  write("tree/a/b/file", "x");
  for (const char* path : {"tree/a/b", "tree/a", "tree"}) ::chmod((folder_ / path).c_str(), 0);
  EXPECT_EQ(remove(), Removed::kAll);
  EXPECT_FALSE(fs::exists(folder_ / "tree"));
}

TEST_F(TreeRemoval, GoesAsDeepAsATreeDoes) {
  fs::create_directory(folder_ / "tree");
  // No path is as long: each folder is made in the one before.
  int at = ::open((folder_ / "tree").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int depth = 0; depth < 5'000; ++depth) {
    ASSERT_EQ(::mkdirat(at, "d", 0700), 0);
    const int next = ::openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::close(at);
    at = next;
  }
  ::close(at);
  EXPECT_EQ(remove(), Removed::kAll);
  EXPECT_FALSE(fs::exists(folder_ / "tree"));
}

TEST_F(TreeRemoval, StopsAfterSomeEntriesAndGoesOn) {
  fs::create_directories(folder_ / "tree/a");
  for (int i = 0; i < 100; ++i) {
    write("tree/f" + std::to_string(i), "");
    write("tree/a/f" + std::to_string(i), "");
  }
  int calls = 1;
  while (remove(30) == Removed::kMore) ++calls;
  EXPECT_FALSE(fs::exists(folder_ / "tree"));
  EXPECT_GT(calls, 5);
  EXPECT_LT(calls, 50);
}

}  // namespace
}  // namespace shunt::generation::command
