#include "drivers/command/kept/program_protocol.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {
namespace {

using namespace generation::command;

template <typename Content>
Content read(std::string_view line) {
  auto word = read_program_word(line);
  EXPECT_TRUE(word.ok()) << line << ": " << word.error().message;
  EXPECT_TRUE(std::holds_alternative<Content>(word->content)) << line;
  return std::get<Content>(word->content);
}

TEST(ProgramProtocol, ReadsWhatAProgramMaySay) {
  read<said::Ready>(R"({"type":"ready","protocol":1})");
  EXPECT_EQ(read<said::Delta>(R"({"type":"delta","id":"a","text":"žluť"})").text, "žluť");
  const auto said_beside = read<said::Delta>(
      R"({"type":"delta","id":"a","reasoning":"hm","tool_calls":[{"index":0,"name":"f"}]})");
  EXPECT_EQ(said_beside.parts.reasoning, "hm");
  EXPECT_EQ(said_beside.parts.tool_calls.at(0).name, "f");
  const auto progress = read<said::Progress>(R"({"type":"progress","id":"a","fraction":1,"message":"m"})");
  EXPECT_EQ(progress.fraction, 1.0);
  EXPECT_EQ(progress.message, "m");
  const auto artifact = read<said::ArtifactFile>(
      R"({"type":"artifact","id":"a","path":"/f/out","name":"a.png","media_type":"image/png"})");
  EXPECT_EQ(artifact.path, "/f/out");
  EXPECT_EQ(artifact.name, "a.png");
  EXPECT_EQ(artifact.media_type, "image/png");
  EXPECT_EQ(read<said::ArtifactFile>(R"({"type":"artifact","id":"a","path":"x"})").media_type,
            "application/octet-stream");
  EXPECT_EQ(to_json_text(read<said::Answer>(R"({"type":"result","id":"a","result":[1]})").result), "[1]");
  EXPECT_TRUE(read<said::Answer>(R"({"type":"result","id":"a"})").result.is_null());
  const auto failure =
      read<said::Failure>(R"({"type":"error","id":"a","code":"c","message":"m","retryable":true})");
  EXPECT_EQ(failure.code, "c");
  EXPECT_EQ(failure.message, "m");
  EXPECT_TRUE(failure.retryable);
}

TEST(ProgramProtocol, PassesOverMembersThatItDoesNotKnow) {
  read<said::Ready>(R"({"type":"ready","protocol":1,"name":"mine"})");
  EXPECT_EQ(read_program_word(R"({"type":"delta","id":"a","text":"x","later":{}})")->id, "a");
}

TEST(ProgramProtocol, RefusesWhatIsNoWordOfIt) {
  const std::vector<std::pair<const char*, const char*>> lies{
      {"Loading the model ...", "no JSON"},
      {"", "no JSON"},
      {"[1]", "no JSON object"},
      {"{}", "\"type\""},
      {R"({"type":5})", "\"type\""},
      {R"({"type":"shout","id":"a"})", "unknown type \"shout\""},
      {R"({"type":"ready"})", "\"protocol\""},
      {R"({"type":"ready","protocol":"1"})", "\"protocol\""},
      {R"({"type":"ready","protocol":2})", "speaks version 2"},
      {R"({"type":"delta","text":"x"})", "\"id\""},
      {R"({"type":"delta","id":7,"text":"x"})", "\"id\""},
      {R"({"type":"delta","id":"a"})", "\"text\""},
      {R"({"type":"delta","id":"a","text":5})", "\"text\""},
      {"{\"type\":\"delta\",\"id\":\"a\",\"text\":\"\xff\"}", "no JSON"},
      {R"({"type":"delta","id":"a","reasoning":5})", "\"reasoning\""},
      {R"({"type":"progress","id":"a"})", "\"fraction\""},
      {R"({"type":"progress","id":"a","fraction":1.5})", "from 0 to 1"},
      {R"({"type":"progress","id":"a","fraction":-1})", "from 0 to 1"},
      {R"({"type":"artifact","id":"a"})", "\"path\""},
      {R"({"type":"artifact","id":"a","path":"x","name":"../x"})", "\"name\""},
      {R"({"type":"artifact","id":"a","path":"x","media_type":"png\r\nX: y"})", "\"media_type\""},
      {R"({"type":"error","id":"a"})", "\"message\""},
      {R"({"type":"error","id":"a","message":"m","retryable":"yes"})", "\"retryable\""},
      {R"({"type":"result","id":"a","result":1} {"type":"result","id":"a"})", "no JSON"},
  };
  for (const auto& [line, why] : lies) {
    const auto word = read_program_word(line);
    ASSERT_FALSE(word.ok()) << line;
    EXPECT_EQ(word.error().code, error_code::kInvalidOutput);
    EXPECT_NE(word.error().message.find(why), std::string::npos) << line << ": " << word.error().message;
  }
}

TEST(ProgramProtocol, AnArtifactLiesInTheFolderOfItsRun) {
  EXPECT_EQ(*name_in_folder("audio.wav", "/tmp/run"), "audio.wav");
  EXPECT_EQ(*name_in_folder("/tmp/run/audio.wav", "/tmp/run"), "audio.wav");
  EXPECT_EQ(*name_in_folder("..data", "/tmp/run"), "..data");
  for (const std::string& path :
       {std::string(), std::string("."), std::string(".."), std::string("../x"), std::string("/etc/passwd"),
        std::string("/tmp/run"), std::string("/tmp/run/"), std::string("/tmp/run/../x"),
        std::string("/tmp/run2/x"), std::string("sub/x"), std::string("x/"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(name_in_folder(path, "/tmp/run").ok()) << path;
  }
}

TEST(ProgramProtocol, ARunIsOneLineWithTheWholeRequest) {
  Envelope envelope;
  envelope.request.model = "m";
  envelope.request.input = JsonObject{{"text", "a\nb"}};
  envelope.request.context.traceparent = "00-1-2-01";
  const std::string line = run_line("id.1", "/tmp/run", envelope);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Json read = *parse_json(line);
  EXPECT_EQ(read.at("type"), "run");
  EXPECT_EQ(read.at("id"), "id.1");
  EXPECT_EQ(read.at("model"), "m");
  EXPECT_EQ(read.at("folder"), "/tmp/run");
  EXPECT_EQ(read.at("input").at("text"), "a\nb");
  EXPECT_EQ(read.at("traceparent"), "00-1-2-01");
  EXPECT_EQ(cancel_line("id.1"), "{\"type\":\"cancel\",\"id\":\"id.1\"}\n");
}

}  // namespace
}  // namespace shunt::testing
