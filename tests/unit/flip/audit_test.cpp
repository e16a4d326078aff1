#include "shunt/flip/audit.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>

#include "record_in.hpp"
#include "store/audit_file.hpp"

namespace shunt::flip {
namespace {

using std::chrono::milliseconds;

AuditEntry entry(std::uint64_t seq, const std::string& previous) {
  AuditEntry made;
  made.seq = seq;
  made.at = kNow;
  made.event = "hold";
  made.by = {ActorKind::kPerson, "ops"};
  made.why = "a \"quoted\" reason, größer";
  made.from = "canary 5%, step 2 of 5";
  made.to = "held in canary 5%, step 2 of 5";
  made.epoch = seq + 1;
  made.salt = "s1";
  made.process = "api-1";
  made.overrides = {"redis.memory"};
  made.verdict = {{"outcome", "failed"}, {"z_errors", 3.75}};
  made.undo = "shunt flip resume";
  made.previous = previous;
  return made;
}

std::vector<std::string> chain(std::size_t length) {
  std::vector<std::string> lines;
  std::string previous;
  for (std::size_t i = 1; i <= length; ++i) {
    lines.push_back(audit_line(entry(i, previous)));
    previous = parse_audit_line(lines.back())->hash;
  }
  return lines;
}

TEST(FlipAudit, ReadsBackWhatItWrote) {
  const AuditEntry written = entry(7, std::string(64, 'a'));
  const std::string line = audit_line(written);
  const auto read = parse_audit_line(line);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->why, written.why);
  EXPECT_EQ(read->verdict, written.verdict);
  EXPECT_EQ(read->overrides, written.overrides);
  EXPECT_EQ(read->hash.size(), 64U);
  EXPECT_EQ(audit_line(*read), line);
}

TEST(FlipAudit, AWholeChainIsIntactAndSoIsOneThatBeginsInTheMiddle) {
  auto lines = chain(5);
  EXPECT_TRUE(verify_chain(lines).intact());
  EXPECT_EQ(verify_chain(lines).last, 5U);
  lines.erase(lines.begin(), lines.begin() + 2);
  const ChainReport cut = verify_chain(lines);
  EXPECT_TRUE(cut.intact()) << *cut.problem;
  EXPECT_EQ(cut.first, 3U);
  EXPECT_TRUE(verify_chain({}).intact());
}

TEST(FlipAudit, TheEntryThatARecordTellsOfHasToBeThere) {
  const auto lines = chain(5);
  const auto problem = [&](std::size_t from, std::size_t to, ChainCheck::Told told) {
    ChainCheck check(std::move(told));
    for (std::size_t at = from; at < to; ++at) check.add(lines[at]);
    return std::move(check).finish().problem.value_or("");
  };
  const auto hash_of = [&](std::size_t seq) { return parse_audit_line(lines[seq - 1])->hash; };
  EXPECT_EQ(problem(0, 5, {5, hash_of(5)}), "");
  EXPECT_EQ(problem(0, 5, {3, hash_of(3)}), "") << "changes go on behind it";
  EXPECT_EQ(problem(0, 5, {}), "") << "there is no record";
  EXPECT_EQ(problem(3, 5, {2, hash_of(2)}), "") << "what it tells of was cut off with others before it";
  EXPECT_EQ(problem(0, 5, {3, hash_of(4)}), "entry 3 is not the one that the record tells of");
  EXPECT_EQ(problem(0, 4, {5, hash_of(5)}), "the record tells of entry 5, and the chain ends at entry 4");
  EXPECT_EQ(problem(0, 0, {5, hash_of(5)}), "the record tells of entry 5, and the chain ends at entry 0");
}

// Whatever is done to one byte of it, somebody sees it.
TEST(FlipAudit, EveryChangedByteBreaksIt) {
  const auto lines = chain(3);
  for (std::size_t at = 0; at < lines[1].size(); ++at) {
    auto changed = lines;
    changed[1][at] = changed[1][at] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(verify_chain(changed).intact()) << at;
  }
}

TEST(FlipAudit, RemovedInsertedAndSwappedEntriesAreFound) {
  const auto lines = chain(4);
  EXPECT_FALSE(verify_chain({lines[0], lines[2], lines[3]}).intact());
  EXPECT_FALSE(verify_chain({lines[0], lines[1], lines[1]}).intact());
  EXPECT_FALSE(verify_chain({lines[1], lines[0]}).intact());
  EXPECT_FALSE(verify_chain({lines[0], "something else", lines[1]}).intact());
  // One that was written anew with all its hashes does not fit what comes behind it.
  AuditEntry forged = *parse_audit_line(lines[1]);
  forged.by.name = "somebody else";
  const ChainReport report = verify_chain({lines[0], audit_line(forged), lines[2]});
  EXPECT_THAT(report.problem.value_or(""), ::testing::HasSubstr("entry 3 does not follow it"));
}

TEST(FlipAudit, TheLongestEntryFitsALine) {
  AuditEntry longest = entry(9'007'199'254'740'991, std::string(64, 'a'));
  longest.epoch = longest.seq;
  longest.why = std::string(5'000, '"');
  longest.from = longest.to = longest.undo = longest.process = longest.event = std::string(5'000, 'f');
  longest.overrides = std::vector<std::string>(50, std::string(1'000, 'o'));
  EXPECT_LE(audit_line(longest).size(), kMaxAuditLineBytes);
  EXPECT_TRUE(parse_audit_line(audit_line(longest)).ok());
}

class FlipAuditFile : public ::testing::Test {
 protected:
  FlipAuditFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "shunt-audit-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "audit.jsonl";
  }
  ~FlipAuditFile() override { std::filesystem::remove_all(folder_); }
  static std::vector<AuditLine> entries(std::size_t from, std::size_t to) {
    const auto lines = chain(to);
    std::vector<AuditLine> some;
    for (std::size_t i = from; i <= to; ++i) some.push_back({i, lines[i - 1]});
    return some;
  }
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(FlipAuditFile, HasEachEntryOnceWhoeverAppendsIt) {
  AuditFile one(path_);
  AuditFile two(path_);
  ASSERT_TRUE(one.append(entries(1, 3)).ok());
  ASSERT_TRUE(two.append(entries(1, 5)).ok());
  ASSERT_TRUE(one.append(entries(2, 4)).ok());
  const auto report = verify_audit_file(path_);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->intact()) << *report->problem;
  EXPECT_EQ(report->entries, 5U);
}

TEST_F(FlipAuditFile, WritesAnEntryAgainThatAStoppedMachineHasLeftUnfinished) {
  ASSERT_TRUE(AuditFile(path_).append(entries(1, 2)).ok());
  std::ofstream(path_, std::ios::app) << entries(3, 3)[0].line.substr(0, 100);
  EXPECT_FALSE(verify_audit_file(path_)->intact());
  ASSERT_TRUE(AuditFile(path_).append(entries(1, 3)).ok());
  const auto report = verify_audit_file(path_);
  EXPECT_TRUE(report->intact()) << *report->problem;
  EXPECT_EQ(report->last, 3U);
}

TEST_F(FlipAuditFile, IsVerifiedWhileAnEntryIsBeingWritten) {
  ASSERT_TRUE(AuditFile(path_).append(entries(1, 2)).ok());
  const int writer = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  ASSERT_EQ(::flock(writer, LOCK_EX), 0);
  const std::string line = entries(3, 3)[0].line + '\n';
  ASSERT_EQ(::write(writer, line.data(), 100), 100);
  auto report = std::async(std::launch::async, [this] { return verify_audit_file(path_); });
  EXPECT_EQ(report.wait_for(milliseconds(100)), std::future_status::timeout) << "it waits for the whole line";
  ASSERT_EQ(::write(writer, line.data() + 100, line.size() - 100), static_cast<ssize_t>(line.size()) - 100);
  ::close(writer);
  const auto read = report.get();
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->intact()) << *read->problem;
  EXPECT_EQ(read->last, 3U);
}

TEST_F(FlipAuditFile, IsReadInPieces) {
  constexpr std::size_t kEntries = 1'000;
  ASSERT_TRUE(AuditFile(path_).append(entries(1, kEntries)).ok());
  ASSERT_GT(std::filesystem::file_size(path_), 256U * 1024);
  const auto report = verify_audit_file(path_);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->intact()) << *report->problem;
  EXPECT_EQ(report->entries, kEntries);
}

TEST_F(FlipAuditFile, MayComeThroughAPipe) {
  EXPECT_EQ(verify_audit_file(folder_).error().code, "audit_file_unreadable");
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  auto report = std::async(std::launch::async, [this] { return verify_audit_file(path_); });
  std::ofstream pipe(path_);
  for (const AuditLine& entry : entries(1, 3)) pipe << entry.line << '\n';
  pipe.close();
  const auto read = report.get();
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->intact());
  EXPECT_EQ(read->last, 3U);
}

TEST_F(FlipAuditFile, IsVerifiedWhateverIsInIt) {
  EXPECT_EQ(verify_audit_file(folder_ / "none").error().code, "audit_file_unreadable");
  std::ofstream(path_) << std::string(1'000'000, 'x');
  EXPECT_FALSE(verify_audit_file(path_)->intact());
  std::ofstream(path_) << "\n\n";
  EXPECT_FALSE(verify_audit_file(path_)->intact());
  std::ofstream(path_) << "";
  EXPECT_TRUE(verify_audit_file(path_)->intact());
}

}  // namespace
}  // namespace shunt::flip
