#include <unistd.h>

#include <cstdlib>

#include "drivers/command/confinement.hpp"
#include "kept_fixture.hpp"
#include "shunt/generation/error_codes.hpp"

// Kept programs that do as they should.
namespace shunt::testing {
namespace {

// On a busy machine, too, the program has answered a cancel, or ended with its input, before it is killed.
CommandOptions patient(CommandOptions options) {
  options.cancel_grace = options.kill_after = std::chrono::seconds(5);
  return options;
}

const std::string kSayPid = R"(say delta '"text":"'$$'"'; say result)";

TEST_F(KeptTest, OneProcessTakesOneGenerationAfterTheOther) {
  open(kept(kSayPid));
  const std::string pid = run().text;
  EXPECT_GT(std::atoi(pid.c_str()), 1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run().text, pid);
  EXPECT_EQ(status().starts, 1U);
}

TEST_F(KeptTest, ProgramsAreStartedWithTheFirstGenerationOrBeforeIt) {
  CommandOptions options = kept(kSayPid);
  options.keep = 3;
  open(std::move(options));
  EXPECT_FALSE(status().begun);
  EXPECT_EQ(status().starts, 0U);
  programs().warm();
  EXPECT_TRUE(eventually([&] { return status().idle == 3; }));
  EXPECT_TRUE(status().settled);
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  EXPECT_EQ(status().starts, 3U);
}

TEST_F(KeptTest, WhatAProgramSaysComesInItsOrder) {
  open(kept(R"(say delta '"text":"one "'; say progress '"fraction":0.5,"message":"half"'
    printf 'bytes' > "$folder/out.txt"; say artifact '"path":"out.txt","media_type":"text/plain"'
    say delta '"text":"two"'; say result '"result":{"n":2}')"));
  const GenerationId id = start();
  const auto record = client_.wait_for_end(id);
  EXPECT_EQ(record.text, "one two");
  EXPECT_EQ(to_json_text(record.result), R"({"n":2})");
  ASSERT_EQ(record.artifacts.size(), 1U);
  EXPECT_EQ(record.artifacts[0].name, "out.txt");
  EXPECT_EQ(record.artifacts[0].media_type, "text/plain");
  EXPECT_EQ(*record.artifacts[0].bytes, "bytes");
  std::string order;
  for (const auto& event : client_.events(id)) order.append(event.type()).append(" ");
  EXPECT_EQ(order, "queued started delta progress artifact delta succeeded ");
}

TEST_F(KeptTest, WhatIsSaidBesideTextIsInTheRecord) {
  open(kept(R"(say delta '"reasoning":"hm "'; say delta '"reasoning":"so","text":"yes"'; say result)"));
  const auto record = run();
  EXPECT_EQ(record.text, "yes") << (record.error ? record.error->message : "");
  ASSERT_TRUE(record.parts);
  EXPECT_EQ(record.parts->reasoning, "hm so");
}

TEST_F(KeptTest, AnArtifactMayBeNamedByItsWholePathAndHaveAnotherName) {
  open(kept(R"(echo x > "$folder/a b"; say artifact '"path":"'"$folder"'/a b","name":"c.txt"'; say result)"));
  const auto record = run();
  ASSERT_EQ(record.artifacts.size(), 1U) << (record.error ? record.error->message : "");
  EXPECT_EQ(record.artifacts[0].name, "c.txt");
}

TEST_F(KeptTest, EachRunHasAFolderOfItsOwnThatIsRemovedWithIt) {
  open(kept(
      R"(mkdir "$folder/deep"; echo x > "$folder/deep/file"; say delta '"text":"'"$folder"'"'; say result)"));
  const std::string first = run().text;
  const std::string second = run().text;
  EXPECT_NE(first, second);
  EXPECT_TRUE(first.starts_with("/")) << first;
  EXPECT_TRUE(
      eventually([&] { return !std::filesystem::exists(first) && !std::filesystem::exists(second); }));
}

TEST_F(KeptTest, AProgramsOwnErrorIsTheGenerations) {
  open(kept(
      R"(case $line in *well*) say result;; *) say error '"code":"no_voice","message":"there is no such voice","retryable":true';; esac)"));
  const auto record = run();
  expect_failed(record, error_code::kGeneratorFailed, "there is no such voice");
  EXPECT_EQ(record.error->details.at("program_code"), "no_voice");
  EXPECT_TRUE(record.error->is_retryable());
  expect_next_succeeds();
  EXPECT_EQ(status().starts, 1U);
}

TEST_F(KeptTest, AsManyRunAtOnceAsThereAreProgramsAndTheOthersWait) {
  CommandOptions options = patient(kept(":", R"(say result)"));
  options.keep = 2;
  open(std::move(options));
  std::vector<GenerationId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(start());
  EXPECT_TRUE(eventually([&] { return status().busy == 2; }));
  // One that waits ends at once.
  ASSERT_TRUE(client_.cancel(ids[3], "enough").ok());
  EXPECT_EQ(client_.wait_for_end(ids[3]).state, GenerationState::kCancelled);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(client_.cancel(ids[i], "enough").ok());
    EXPECT_EQ(client_.wait_for_end(ids[i]).state, GenerationState::kCancelled);
  }
  EXPECT_TRUE(eventually([&] { return status().idle == 2; }));
  EXPECT_EQ(status().starts, 2U);
}

TEST_F(KeptTest, AThousandGoThroughFourPrograms) {
  CommandOptions options = kept(kSayPid);
  options.keep = 4;
  open(std::move(options));
  std::vector<GenerationId> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(start());
  for (const GenerationId& id : ids) EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kSucceeded);
  EXPECT_EQ(status().starts, 4U);
}

TEST_F(KeptTest, AProgramThatLetsGoOfACancelledRunStays) {
  open(patient(kept(R"(case $line in *well*) say delta '"text":"well"'; say result;; esac)",
                    R"(say delta '"text":"late"'; say result; say delta '"text":"later"')")));
  const GenerationId id = start();
  EXPECT_TRUE(eventually([&] { return status().busy == 1; }));
  ASSERT_TRUE(client_.cancel(id, "enough").ok());
  const auto record = client_.wait_for_end(id);
  EXPECT_EQ(record.state, GenerationState::kCancelled);
  EXPECT_EQ(record.text, "");
  EXPECT_EQ(run({{"well", true}}).text, "well") << "late words are nobody's";
  EXPECT_EQ(status().starts, 1U);
}

TEST_F(KeptTest, IsStartedAnewAfterSoManyRuns) {
  CommandOptions options = kept(kSayPid);
  options.recycle_after = 2;
  open(std::move(options));
  std::vector<std::string> pids;
  for (int i = 0; i < 6; ++i) pids.push_back(run().text);
  EXPECT_EQ(pids[0], pids[1]);
  EXPECT_NE(pids[1], pids[2]);
  EXPECT_EQ(pids[2], pids[3]);
  EXPECT_NE(pids[3], pids[4]);
  EXPECT_EQ(ends("exited"), 0U);
  EXPECT_TRUE(eventually([&] { return ends("recycled") == 3; }));
}

TEST_F(KeptTest, IsStartedAnewWhenItHasGrownTooLarge) {
  CommandOptions options =
      kept(R"(case $line in *well*) ;; *) big=$(head -c 20000000 /dev/zero | tr '\0' x);; esac; say result)");
  options.recycle_memory_bytes = 15'000'000;
  open(std::move(options));
  expect_next_succeeds();
  EXPECT_EQ(ends("recycled"), 0U);
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  EXPECT_TRUE(eventually([&] { return ends("recycled") == 1; }));
  expect_next_succeeds();
}

TEST_F(KeptTest, EndsWithItsInputWhenNobodyNeedsItAnyMore) {
  const std::string file = ::testing::TempDir() + "shunt_kept_" + std::to_string(::getpid());
  {
    CommandOptions options = patient(kept("say result"));
    options.argv[2] += "\necho goodbye > " + file;
    auto generator = make_command_generator(std::move(options), loops_);
    ASSERT_TRUE(generator.ok());
    Model model;
    model.generator = std::move(*generator);
    kept_programs(model)->warm();
    EXPECT_TRUE(eventually([&] { return kept_programs(model)->status().idle == 1; }));
  }
  std::string word;
  std::ifstream(file) >> word;
  EXPECT_EQ(word, "goodbye");
  std::filesystem::remove(file);
}

TEST_F(KeptTest, IsKilledWhenItDoesNotEnd) {
  const auto began = std::chrono::steady_clock::now();
  CommandOptions options = raw("trap '' TERM\necho '{\"type\":\"ready\",\"protocol\":1}'", "say result");
  options.argv[2] += "\nwhile :; do sleep 0.05; done";
  auto generator = make_command_generator(std::move(options), loops_);
  ASSERT_TRUE(generator.ok());
  Model model;
  model.generator = std::move(*generator);
  kept_programs(model)->warm();
  EXPECT_TRUE(eventually([&] { return kept_programs(model)->status().idle == 1; }));
  model.generator.reset();
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(900));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST_F(KeptTest, IsConfinedAsOtherPrograms) {
  if (command::landlock_abi() < 2) GTEST_SKIP() << "this kernel has no Landlock, or an early one";
  CommandOptions options = kept(R"sh(if cat /etc/passwd > /dev/null 2>&1; then say delta '"text":"read"'; fi
    echo x > "$folder/f" && say artifact '"path":"f"'
    while read -r name value; do [ "$name" = NoNewPrivs: ] && say delta '"text":"'"$value"'"'; done < /proc/self/status
    say result)sh");
  options.confine = CommandOptions::Confine::kFiles;
  open(std::move(options));
  const auto record = run();
  EXPECT_EQ(record.text, "1") << (record.error ? record.error->message : "");
  EXPECT_EQ(record.artifacts.size(), 1U);
}

TEST_F(KeptTest, TheModelsNameMayBeAnArgument) {
  CommandOptions options = kept(R"(say delta '"text":"'"$0"'"'; say result)");
  options.argv.push_back("model={model}");
  options.model = "m";
  open(std::move(options));
  EXPECT_EQ(run().text, "model=m");
}

TEST(CheckKept, NamesTheSettingThatCannotBe) {
  const auto field = [](const std::function<void(CommandOptions&)>& change) {
    CommandOptions options;
    options.argv = {"true"};
    options.keep = 1;
    change(options);
    InputRule any;
    any.any = true;
    const auto checked = check_command(options, *InputRules::compile({{"x", any}}));
    return checked ? std::string("none") : std::string(checked.error().details.at("field").as_string());
  };
  EXPECT_EQ(field([](CommandOptions&) {}), "none");
  for (const char* const argument : {"{input.x}", "a{input_file}", "{output_file}", "{id}"}) {
    EXPECT_EQ(field([&](CommandOptions& o) { o.argv.emplace_back(argument); }), "/argv");
  }
  EXPECT_EQ(field([](CommandOptions& o) { o.argv.emplace_back("{model}"); }), "none");
  EXPECT_EQ(field([](CommandOptions& o) { o.defaults = {{"x", "y"}}; }), "/defaults");
  EXPECT_EQ(field([](CommandOptions& o) { o.input = CommandOptions::InputMode::kNone; }), "/input_mode");
  EXPECT_EQ(field([](CommandOptions& o) { o.output = CommandOptions::OutputMode::kJson; }), "/output");
  EXPECT_EQ(field([](CommandOptions& o) { o.artifact_name = "x"; }), "/artifact_name");
  EXPECT_EQ(field([](CommandOptions& o) { o.artifact_media_type = "x/y"; }), "/artifact_media_type");
  EXPECT_EQ(field([](CommandOptions& o) { o.max_cpu = std::chrono::seconds(1); }), "/max_cpu");
}

}  // namespace
}  // namespace shunt::testing
