#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>

#include "command_fixture.hpp"
#include "drivers/command/confinement.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::testing {
namespace {

using Confine = CommandOptions::Confine;

// What a program finds that would be glad of more.
class ConfinedTest : public CommandTest {
 protected:
  void SetUp() override {
    if (command::landlock_abi() < 2) GTEST_SKIP() << "this kernel has no Landlock, or an early one";
    std::string path = ::testing::TempDir() + "shunt-confined-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
    std::ofstream(folder_ + "/secret") << "secret\n";
  }
  ~ConfinedTest() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  static CommandOptions confined(const std::string& script, Confine confine = Confine::kFiles) {
    CommandOptions options = shell("exec 2>&1; " + script);
    options.confine = confine;
    return options;
  }
  std::string text_of(CommandOptions options) {
    open(std::move(options));
    const auto record = run();
    EXPECT_EQ(record.state, GenerationState::kSucceeded) << (record.error ? record.error->message : "");
    return record.text;
  }

  std::string folder_;
};

TEST_F(ConfinedTest, AProgramReadsTheSystemAndItsOwnFolderAndNothingElse) {
  const std::string text = text_of(
      confined("cat " + folder_ +
               "/secret; cat /etc/passwd; ls /home / /root; cat /proc/1/cmdline; "
               "cat /usr/share/dict/../../bin/true > copy && echo copied; cat copy > /dev/null && echo own; "
               "echo x > " +
               folder_ +
               "/new; echo x > /tmp/shunt-escape; ls -d . > /dev/null && echo listed; "
               "grep -c . /proc/self/status > /dev/null && echo proc; true"));
  EXPECT_EQ(text.find("secret\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("root:"), std::string::npos) << text;
  EXPECT_EQ(text.find("etc\n"), std::string::npos) << text;
  EXPECT_NE(text.find("own\n"), std::string::npos) << text;
  EXPECT_NE(text.find("listed\n"), std::string::npos) << text;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/new"));
  EXPECT_FALSE(std::filesystem::exists("/tmp/shunt-escape"));
}

TEST_F(ConfinedTest, AProgramReadsAndWritesWhatItsModelLists) {
  std::filesystem::create_directory(folder_ + "/read");
  std::filesystem::create_directory(folder_ + "/write");
  std::ofstream(folder_ + "/read/a") << "given\n";
  CommandOptions options =
      confined("cat " + folder_ + "/read/a; echo no > " + folder_ + "/read/b; mkdir " + folder_ +
                   "/write/d && mv " + folder_ + "/write/d " + folder_ + "/write/e && echo y > " + folder_ +
                   "/write/e/f; cat " + folder_ + "/secret; true",
               Confine::kAuto);
  options.read_paths = {folder_ + "/read"};
  options.write_paths = {folder_ + "/write"};
  const std::string text = text_of(std::move(options));
  EXPECT_TRUE(text.starts_with("given\n")) << text;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/read/b")) << text;
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/write/e/f")) << text;
  EXPECT_EQ(text.find("secret\n"), std::string::npos) << text;
}

TEST_F(ConfinedTest, ALinkInTheFolderLeadsNowhere) {
  const std::string text =
      text_of(confined("ln -s " + folder_ + "/secret link; cat link; ln " + folder_ +
                       "/secret hard; cat hard; cat /proc/self/root" + folder_ + "/secret; true"));
  EXPECT_EQ(text.find("secret\n"), std::string::npos) << text;
}

TEST_F(ConfinedTest, NoProgramLooksIntoAnotherOrIntoItsParent) {
  ::setenv("SHUNT_TEST_SECRET", "s3cret", 1);
  CommandOptions options = confined("", Confine::kAuto);
  options.argv = {
      "sh", "-c",
      "exec 2>/dev/null; [ -n \"$1\" ] || {{ echo $$; exec sleep 60; }}; "
      "for p in $PPID $1; do for f in environ mem maps auxv; do head -c 1 /proc/$p/$f > /dev/null && "
      "echo \"$f of $p\"; done; readlink /proc/$p/exe /proc/$p/cwd /proc/$p/fd/0; kill -0 $p && echo signal; "
      "done; true",
      "sh", "{input.pid}"};
  InputRule pid;
  pid.type = InputRule::Type::kString;
  open(std::move(options), {}, {{"pid", pid}});
  const GenerationId other = start({{"pid", ""}});
  std::string other_pid = wait_for_text(other);
  other_pid.pop_back();
  const auto record = run({{"pid", other_pid}});
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  if (command::landlock_abi() >= 6) {
    EXPECT_EQ(record.text, "");
  }
  EXPECT_EQ(record.text.find("environ"), std::string::npos) << record.text;
  EXPECT_EQ(record.text.find("mem"), std::string::npos) << record.text;
  ASSERT_TRUE(client_.cancel(other, "").ok());
  EXPECT_EQ(client_.wait_for_end(other).state, GenerationState::kCancelled) << "we can still stop it";
}

TEST_F(ConfinedTest, UnconfinedFilesAreAsTheyWere) {
  const std::string text = text_of(confined(
      "cat " + folder_ + "/secret; mkdir a b; echo x > a/f; mv a/f b/f && echo moved", Confine::kProcesses));
  EXPECT_EQ(text, "secret\nmoved\n");
}

TEST_F(ConfinedTest, NoProgramGainsPrivilegesOrHasOurTerminal) {
  for (const Confine level : {Confine::kFiles, Confine::kProcesses, Confine::kOff}) {
    CommandTest::models_ = ModelRegistry();
    const std::string text = text_of(confined(
        "while read -r line; do case $line in NoNewPrivs*) echo $line;; esac; done < /proc/$$/status; "
        "read -r pid name state parent group session rest < /proc/$$/stat; echo $pid $group $session; echo "
        "$$",
        level));
    EXPECT_NE(text.find("NoNewPrivs: 1"), std::string::npos) << text;
    const std::string pid = text.substr(text.rfind('\n', text.size() - 2) + 1, text.size());
    const std::string number = pid.substr(0, pid.size() - 1);
    EXPECT_NE(text.find(number + ' ' + number + ' ' + number + '\n'), std::string::npos)
        << "group and session are its own: " << text;
    client_.drain(std::chrono::milliseconds(0));
  }
}

TEST_F(ConfinedTest, APathThatIsNotThereStopsTheStartAndOneThatVanishesDoesNotStopTheRun) {
  CommandOptions options = confined("echo ran");
  options.read_paths = {folder_ + "/later"};
  const auto generator = make_command_generator(options, loops_);
  ASSERT_FALSE(generator.ok());
  EXPECT_NE(generator.error().message.find("later"), std::string::npos) << generator.error().message;
  std::filesystem::create_directory(folder_ + "/later");
  open(std::move(options));
  std::filesystem::remove(folder_ + "/later");
  EXPECT_EQ(run().text, "ran\n");
}

TEST_F(ConfinedTest, EverythingWorksWhileWeCannotBeLookedInto) {
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 0), 0);
  EXPECT_EQ(text_of(confined("echo ok; read -r name < /proc/self/comm; echo $name")), "ok\nsh\n");
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);
}

}  // namespace
}  // namespace shunt::testing
