#include "shunt/site/judgements.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace shunt::site {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using How = http::TransferEnd::How;
using Obstacle = http::TransferEnd::Obstacle;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;

// What does not pass says what to do, and what passes says what is there.
void expect_complete(const Finding& finding) {
  EXPECT_THAT(finding.name, testing::Not(IsEmpty()));
  EXPECT_THAT(finding.found, testing::Not(IsEmpty())) << finding.name;
  EXPECT_EQ(finding.advice.empty(), finding.severity == Severity::kOk)
      << finding.name << ": " << finding.advice;
}

TEST(JudgeConfiguration, tells_each_mistake) {
  ConfigurationFacts facts;
  facts.mistakes = {"shunt.toml:3: max_conections: unknown", "shunt.toml:9: \x1b[2J"};
  const auto findings = judge_configuration(facts);
  ASSERT_EQ(findings.size(), 2U);
  for (const Finding& finding : findings) {
    expect_complete(finding);
    EXPECT_EQ(finding.severity, Severity::kProblem);
  }
  EXPECT_THAT(findings[1].found, HasSubstr("\\x1b"));
}

TEST(JudgeConfiguration, warns_of_what_is_read_and_not_meant) {
  struct Row {
    ConfigurationFacts facts;
    Severity worst;
    const char* name;
  };
  const Row table[] = {
      {{.file = "shunt.toml", .models = 2}, Severity::kOk, "configuration"},
      {{.file = "(built in)", .models = 2}, Severity::kWarning, "configuration"},
      {{.file = "shunt.toml", .others_may_write = true}, Severity::kProblem, "configuration"},
      {{.file = "shunt.toml", .dumpable = true}, Severity::kWarning, "configuration.dumpable"},
      {{.file = "shunt.toml", .unread_variables = {{"SHUNT_QUEUE_ENABLED", "Did you mean QUEUE_ENABLED?"}}},
       Severity::kWarning,
       "configuration.environment"}};
  for (const Row& row : table) {
    const auto findings = judge_configuration(row.facts);
    for (const Finding& finding : findings) expect_complete(finding);
    EXPECT_EQ(worst_of(findings), row.worst) << row.name;
    EXPECT_TRUE(std::ranges::any_of(findings, [&](const Finding& each) {
      return each.name == row.name && each.severity == row.worst;
    })) << row.name;
  }
}

UpstreamFacts upstream(How how, Obstacle obstacle = Obstacle::kNone) {
  UpstreamFacts facts{.model = "chat", .server = "10.0.0.1:8000", .wanted = "tiny"};
  facts.answer.end.how = how;
  facts.answer.end.obstacle = obstacle;
  facts.answer.end.reason = "why";
  return facts;
}

UpstreamFacts answered(int status, bool has_key = false) {
  UpstreamFacts facts = upstream(How::kComplete);
  facts.answer.status = status;
  facts.has_key = has_key;
  return facts;
}

UpstreamFacts lists(std::vector<std::string> ids, std::string owner = "") {
  UpstreamFacts facts = answered(200);
  facts.answer.models = ListedModels{std::move(ids), std::move(owner)};
  return facts;
}

TEST(JudgeUpstream, tells_every_way_not_to_answer_apart) {
  struct Row {
    UpstreamFacts facts;
    Severity severity;
    const char* found;
    const char* advice;
  };
  const Row table[] = {
      {upstream(How::kNotConnected, Obstacle::kName), Severity::kProblem, "cannot be reached: why",
       "look it up"},
      {upstream(How::kNotConnected, Obstacle::kRefused), Severity::kProblem, "cannot be reached",
       "Start that server"},
      {upstream(How::kNotConnected, Obstacle::kTls), Severity::kProblem, "cannot be reached", "certificate"},
      {upstream(How::kNotConnected, Obstacle::kOther), Severity::kProblem, "cannot be reached", "base_url"},
      {upstream(How::kConnectTimedOut), Severity::kProblem, "gave no connection in time", "firewall"},
      {upstream(How::kTimedOut), Severity::kProblem, "says nothing", "hangs"},
      {upstream(How::kBroken), Severity::kProblem, "no answer of HTTP", "https://"},
      {upstream(How::kTooLarge), Severity::kWarning, "more than a list", "base_url"},
      {answered(401), Severity::kProblem, "wants a key", "api_key_file"},
      {answered(401, true), Severity::kProblem, "refuses the key", "another key"},
      {answered(403, true), Severity::kProblem, "refuses the key", "more rights"},
      {answered(404), Severity::kWarning, "status 404", "no such list"},
      {answered(429), Severity::kWarning, "status 429", "too often"},
      {answered(503), Severity::kWarning, "status 503", "loads a model"},
      {answered(500), Severity::kProblem, "status 500", "log"},
      {answered(200), Severity::kWarning, "something else", "/v1"},
      {lists({"tiny"}), Severity::kOk, "has \"tiny\"", ""},
      {lists({"tiny:latest"}), Severity::kOk, "has \"tiny\"", ""},
      {lists({"/m/x.gguf"}, "llamacpp"), Severity::kOk, "any model's name", ""},
      {lists({"a", "b"}), Severity::kWarning, "it has a, b", "`model`"},
      {lists({}), Severity::kWarning, "it has none", "`model`"},
      {lists({"a", "b", "c", "d", "e", "f"}), Severity::kWarning, "a, b, c, d, e and 1 more", "`model`"},
      {lists(std::vector<std::string>(kMostListed, "x")), Severity::kOk, "too long", ""}};
  for (const Row& row : table) {
    const Finding finding = judge_upstream(row.facts);
    expect_complete(finding);
    EXPECT_EQ(finding.name, "upstream.chat");
    EXPECT_EQ(finding.severity, row.severity) << finding.found;
    EXPECT_THAT(finding.found, HasSubstr(row.found));
    EXPECT_THAT(finding.found, HasSubstr("10.0.0.1:8000"));
    EXPECT_THAT(finding.advice, HasSubstr(row.advice)) << finding.found;
  }
}

TEST(JudgeUpstream, shows_nothing_of_what_a_server_says_as_it_is) {
  UpstreamFacts facts = upstream(How::kBroken);
  facts.answer.end.reason = "\x1b[31m" + std::string(10'000, 'a');
  const Finding finding = judge_upstream(facts);
  EXPECT_THAT(finding.found, testing::Not(HasSubstr("\x1b")));
  EXPECT_LT(finding.found.size(), 400U);
}

TEST(JudgeUpstream, asks_a_server_without_a_list_only_whether_it_answers) {
  UpstreamFacts facts = answered(200);
  facts.wanted.clear();
  EXPECT_EQ(judge_upstream(facts).severity, Severity::kOk);
}

TEST(JudgeModel, says_what_runs_it_or_why_it_cannot) {
  EXPECT_EQ(judge_model({"speech", "command", "espeak-ng", std::nullopt}).severity, Severity::kOk);
  EXPECT_EQ(judge_model({"plain", "simulator", "", std::nullopt}).found, "simulator");
  const Finding finding = judge_model({"speech", "command", "espeak-ng", "no such program"});
  expect_complete(finding);
  EXPECT_EQ(finding.name, "model.speech");
  EXPECT_EQ(finding.severity, Severity::kProblem);
  expect_complete(judge_model({"chat", "openai", "x", "no key"}));
}

TEST(JudgeLimits, compares_what_there_is_with_what_is_configured) {
  struct Row {
    LimitFacts facts;
    Severity files;
    Severity memory;
  };
  const Row table[] = {
      {{65'536, 1'024, kGiB, 8 * kGiB, std::nullopt}, Severity::kOk, Severity::kOk},
      {{std::nullopt, 1'024, kGiB, std::nullopt, std::nullopt}, Severity::kOk, Severity::kOk},
      {{1'023, 10, kGiB, 8 * kGiB, std::nullopt}, Severity::kProblem, Severity::kOk},
      {{1'024, 1'024, kGiB, 8 * kGiB, std::nullopt}, Severity::kWarning, Severity::kOk},
      {{1'536, 1'024, kGiB, 8 * kGiB, std::nullopt}, Severity::kOk, Severity::kOk},
      {{65'536, 1, 9 * kGiB, 8 * kGiB, std::nullopt}, Severity::kOk, Severity::kProblem},
      {{65'536, 1, 7 * kGiB, 8 * kGiB, std::nullopt}, Severity::kOk, Severity::kWarning},
      {{65'536, 1, 2 * kGiB, 8 * kGiB, kGiB}, Severity::kOk, Severity::kProblem},
      {{65'536, 1, 2 * kGiB, std::nullopt, 4 * kGiB}, Severity::kOk, Severity::kOk}};
  for (const Row& row : table) {
    const auto findings = judge_limits(row.facts);
    ASSERT_EQ(findings.size(), 2U);
    for (const Finding& finding : findings) expect_complete(finding);
    EXPECT_EQ(findings[0].severity, row.files) << findings[0].found;
    EXPECT_EQ(findings[1].severity, row.memory) << findings[1].found;
  }
}

TEST(JudgePort, says_who_has_it_and_what_is_not_permitted) {
  struct Row {
    PortFacts facts;
    Severity severity;
    const char* found;
  };
  const Row table[] = {
      {{"127.0.0.1", 8080, 0, "", false}, Severity::kOk, "is free"},
      {{"127.0.0.1", 0, 0, "", false}, Severity::kOk, "any port"},
      {{"127.0.0.1", 8080, EADDRINUSE, "nginx (process 7)", false}, Severity::kProblem, "by nginx"},
      {{"127.0.0.1", 8080, EADDRINUSE, "", false}, Severity::kProblem, "is taken"},
      {{"127.0.0.1", 8080, EADDRINUSE, "shunt (process 7)", true}, Severity::kOk, "as Shunt does"},
      {{"0.0.0.0", 80, EACCES, "", false}, Severity::kProblem, "not permitted"},
      {{"10.9.9.9", 80, EADDRNOTAVAIL, "", false}, Severity::kProblem, "no address"},
      {{"::1", 80, EAFNOSUPPORT, "", false}, Severity::kProblem, "cannot be listened on"}};
  for (const Row& row : table) {
    const Finding finding = judge_port(row.facts);
    expect_complete(finding);
    EXPECT_EQ(finding.severity, row.severity) << finding.found;
    EXPECT_THAT(finding.found, HasSubstr(row.found));
  }
}

FolderFacts folder() {
  return {.purpose = "files",
          .path = "/var/lib/shunt/input-files",
          .there = true,
          .asked = "/var/lib/shunt/input-files",
          .can_be_measured = true,
          .free_bytes = 50 * kGiB,
          .bytes = 100 * kGiB,
          .free_inodes = 500,
          .inodes = 1'000,
          .wanted_bytes = kGiB};
}

TEST(JudgeFolder, looks_at_rights_room_and_inodes) {
  struct Row {
    void (*change)(FolderFacts&);
    Severity worst;
    const char* found;
  };
  const Row table[] = {
      {[](FolderFacts&) {}, Severity::kOk, "50GiB free (50%)"},
      {[](FolderFacts& f) { f.there = false, f.asked = "/var/lib"; }, Severity::kOk,
       "made when it is needed"},
      {[](FolderFacts& f) { f.failure = EACCES; }, Severity::kProblem, "Permission denied"},
      {[](FolderFacts& f) { f.failure = EROFS, f.there = false, f.asked = "/var"; }, Severity::kProblem,
       "/var, in which"},
      {[](FolderFacts& f) { f.free_bytes = kGiB - 1; }, Severity::kProblem, "free (0%)"},
      {[](FolderFacts& f) { f.free_bytes = 1 << 20, f.wanted_bytes = 0; }, Severity::kProblem, "1MiB free"},
      {[](FolderFacts& f) { f.free_bytes = 4 * kGiB; }, Severity::kWarning, "free (4%)"},
      {[](FolderFacts& f) { f.free_inodes = 10; }, Severity::kWarning, "10 files more"},
      {[](FolderFacts& f) { f.inodes = f.free_inodes = 0; }, Severity::kOk, "free"},
      {[](FolderFacts& f) { f.can_be_measured = false, f.free_bytes = 0; }, Severity::kOk, "input-files"}};
  for (const Row& row : table) {
    FolderFacts facts = folder();
    row.change(facts);
    const auto findings = judge_folder(facts);
    for (const Finding& finding : findings) expect_complete(finding);
    EXPECT_EQ(worst_of(findings), row.worst) << row.found;
    EXPECT_TRUE(std::ranges::any_of(
        findings, [&](const Finding& each) { return each.found.find(row.found) != std::string::npos; }))
        << row.found << ", got " << findings.front().found;
  }
}

TEST(JudgeFolder, says_how_much_room_it_takes) {
  FolderFacts facts = folder();
  facts.free_bytes = 1 << 20;
  EXPECT_THAT(judge_folder(facts).front().advice, HasSubstr("1GiB at least"));
  facts.wanted_bytes = 0;
  EXPECT_THAT(judge_folder(facts).front().advice, HasSubstr("100MiB at least"));
}

TEST(JudgeClock, knows_a_clock_that_was_never_set_and_one_that_nobody_keeps) {
  const auto at = [](const char* text) { return parse_rfc3339(text).value(); };
  EXPECT_EQ(judge_clock({at("2027-05-01T00:00:00.000Z"), true}).severity, Severity::kOk);
  EXPECT_EQ(judge_clock({at("2027-05-01T00:00:00.000Z"), std::nullopt}).severity, Severity::kOk);
  for (const Finding& finding : {judge_clock({at("2027-05-01T00:00:00.000Z"), false}),
                                 judge_clock({at("1970-01-01T00:00:10.000Z"), true}),
                                 judge_clock({at("2120-01-01T00:00:00.000Z"), true})})
    expect_complete(finding);
  EXPECT_EQ(judge_clock({at("1970-01-01T00:00:10.000Z"), true}).severity, Severity::kProblem);
  EXPECT_EQ(judge_clock({at("2027-05-01T00:00:00.000Z"), false}).severity, Severity::kWarning);
}

TEST(JudgeKernel, minds_only_where_programs_run) {
  EXPECT_EQ(judge_kernel({"6.12", "", true}).severity, Severity::kOk);
  EXPECT_EQ(judge_kernel({"5.4", "files", false}).severity, Severity::kOk);
  const Finding finding = judge_kernel({"5.4", "files", true});
  EXPECT_EQ(finding.severity, Severity::kWarning);
  expect_complete(finding);
}

TEST(JudgeUser, says_that_root_sees_too_much) {
  EXPECT_EQ(judge_user({false, "shunt"}).severity, Severity::kOk);
  expect_complete(judge_user({true, "root"}));
}

TEST(FindingsOf, are_the_rows_of_a_preflight) {
  const auto findings = findings_of({{"a", flip::CheckOutcome::kPass, "x", ""},
                                     {"b", flip::CheckOutcome::kWarn, "y", "do"},
                                     {"c", flip::CheckOutcome::kFail, "z\n", "do"}});
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].severity, Severity::kOk);
  EXPECT_EQ(findings[1].severity, Severity::kWarning);
  EXPECT_EQ(findings[2].severity, Severity::kProblem);
  EXPECT_EQ(findings[2].found, "z\\n");
}

}  // namespace
}  // namespace shunt::site
