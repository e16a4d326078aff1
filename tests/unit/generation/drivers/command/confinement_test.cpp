#include "drivers/command/confinement.hpp"

#include <gtest/gtest.h>

#include <bit>

#include "drivers/command/landlock.hpp"

namespace shunt::generation::command {
namespace {

using Confine = CommandOptions::Confine;

TEST(LandlockRights, AreThoseThatTheKernelKnows) {
  struct Row {
    Confine level;
    int abi;
    int file_rights;  // how many
    std::uint64_t scopes;
  };
  constexpr std::uint64_t kBoth = landlock::kScopeSignal | landlock::kScopeAbstractUnix;
  const std::vector<Row> table = {
      {Confine::kOff, 7, 0, 0},
      {Confine::kFiles, 0, 0, 0},
      {Confine::kProcesses, 0, 0, 0},
      {Confine::kFiles, 1, 13, 0},
      {Confine::kFiles, 2, 14, 0},
      {Confine::kFiles, 3, 15, 0},
      {Confine::kFiles, 4, 15, 0},
      {Confine::kFiles, 5, 16, 0},
      {Confine::kFiles, 6, 16, kBoth},
      {Confine::kFiles, 99, 16, kBoth},
      {Confine::kProcesses, 1, 0, 0},
      {Confine::kProcesses, 2, 1, 0},
      {Confine::kProcesses, 6, 1, landlock::kScopeSignal},
  };
  for (const Row& row : table) {
    const LandlockRights rights = landlock_rights(row.level, row.abi);
    EXPECT_EQ(std::popcount(rights.files), row.file_rights) << row.abi;
    EXPECT_EQ(rights.scopes, row.scopes) << row.abi;
  }
}

TEST(Confinement, FollowsFromTheListsUnlessItIsSaid) {
  CommandOptions options;
  EXPECT_EQ(confinement_of(options), Confine::kProcesses);
  options.write_paths = {"/tmp"};
  EXPECT_EQ(confinement_of(options), Confine::kFiles);
  EXPECT_TRUE(check_confinement(options).ok());
  options.confine = Confine::kOff;
  EXPECT_EQ(confinement_of(options), Confine::kOff);
  EXPECT_FALSE(check_confinement(options).ok()) << "lists that mean nothing";
  options.confine = Confine::kFiles;
  options.read_paths = {"relative"};
  EXPECT_EQ(check_confinement(options).error().details.at("field"), "/read_paths");
}

TEST(Confinement, IsMadeForEveryVersionThatTheKernelHas) {
  CommandOptions options;
  options.read_paths = {"/etc/hostname", "/no/such/path"};
  for (int abi = 0; abi <= landlock_abi(); ++abi) {
    for (const Confine level : {Confine::kFiles, Confine::kProcesses, Confine::kOff}) {
      options.confine = level;
      const auto made = make_confinement(options, abi, "/bin/true", "/tmp");
      ASSERT_TRUE(made.ok()) << abi << ' ' << made.error().message;
      EXPECT_EQ(made->ruleset.valid(), landlock_rights(level, abi).files != 0) << abi;
    }
  }
}

}  // namespace
}  // namespace shunt::generation::command
