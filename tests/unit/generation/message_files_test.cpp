#include "shunt/generation/message_files.hpp"

#include <gtest/gtest.h>

namespace shunt::generation {
namespace {

const std::string kA = "file-" + std::string(32, 'a');
const std::string kB = "file-" + std::string(32, 'b');

std::string with_content(std::string_view content) {
  return R"({"messages":[{"role":"user","content":)" + std::string(content) + "}]}";
}

// The places of the files, or the code and the field of the error.
std::string outcome(const std::string& input) {
  const Json parsed = parse_json(input).value();
  const auto named = message_files(parsed);
  if (!named) {
    return named.error().code.to_string() + ' ' + std::string(named.error().details.at("field").as_string());
  }
  std::string places;
  for (const MessageFile& each : *named) places += each.id.substr(5, 1) + each.pointer() + ' ';
  return places;
}

TEST(MessageFiles, AreFoundInAllPartsThatNameOne) {
  EXPECT_EQ(outcome(R"({"messages":[{"role":"system","content":"x"},{"role":"user","content":[
                       {"type":"text","text":"?"},{"type":"file","file":{"file_id":")" +
                    kA + R"("}},{"type":"image_url","image_url":{"file_id":")" + kB +
                    R"(","detail":"low"}}]},{"role":"tool","content":[{"type":"file","file":{"file_id":")" +
                    kA + R"("}}]}]})"),
            "a/input/messages/1/content/1/file/file_id b/input/messages/1/content/2/image_url/file_id "
            "a/input/messages/2/content/0/file/file_id ");
}

TEST(MessageFiles, AreNotInWhatIsNoneOfOurs) {
  for (const std::string_view input :
       {R"([])", R"({})", R"({"messages":7})", R"({"messages":[7,null,[]]})",
        R"({"messages":[{"content":"file"}]})",
        R"({"messages":[{"content":[7,{},{"type":7},{"type":"file"},{"type":"file","file":7},
            {"type":"file","file":{"file_data":"data:,"}},{"type":"file","file":{"file_id":null}},
            {"type":"image_url","image_url":"https://example.com"},{"type":"input_file","file_id":"x"}]}]})"}) {
    EXPECT_EQ(outcome(std::string(input)), "") << input;
  }
}

TEST(MessageFiles, ThatCanBeNoneAreRefusedByTheirPlace) {
  const std::string place = "invalid_input /input/messages/0/content/0/file/file_id";
  for (const std::string_view id :
       {"7", R"("")", R"("file-")", R"("../../etc/passwd")", R"("file-../../../../../../../../etc/passw")",
        R"("file-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")", R"({"file":"x"})"}) {
    EXPECT_EQ(outcome(with_content(R"([{"type":"file","file":{"file_id":)" + std::string(id) + "}}]")), place)
        << id;
  }
  EXPECT_EQ(
      outcome(with_content(R"([{"type":"file","file":{"file_data":"data:,","file_id":")" + kA + R"("}}])")),
      place);
  EXPECT_EQ(outcome(with_content(R"([{"type":"image_url","image_url":{"url":"data:,","file_id":")" + kA +
                                 R"("}}])")),
            "invalid_input /input/messages/0/content/0/image_url/file_id");
}

TEST(MessageFiles, CanBeReachedToBeChanged) {
  Json input = parse_json(with_content(R"([{"type":"file","file":{"file_id":")" + kA + R"("}}])")).value();
  const auto named = message_files(input);
  ASSERT_TRUE(named.ok() && named->size() == 1);
  named_in(input, named->front())["file_id"] = "other";
  EXPECT_EQ(to_json_text(input), with_content(R"([{"type":"file","file":{"file_id":"other"}}])"));
}

}  // namespace
}  // namespace shunt::generation
