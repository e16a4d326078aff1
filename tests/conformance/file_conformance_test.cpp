// Files of a generation, through every executor: what was admitted is what its generator sees.
#include "conformance/executor_conformance.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::testing {
namespace {

GenerationRequest with_file(FileReference file) {
  GenerationRequest made;
  made.model = "filed";
  made.input = JsonObject{{"text", "what?"}};
  made.files = {{"image", std::move(file)}};
  return made;
}

const FileReference kCat{.sha256 = std::string(64, 'c'),
                         .bytes = 9'007'199'254'740'991,
                         .media_type = "image/png",
                         .filename = "c\u00e4t.png"};

TEST_P(ExecutorConformance, AGeneratorSeesTheFilesThatWereAdmitted) {
  const GenerationRecord record = client_.wait_for_end(client_.start(with_file(kCat)));
  ASSERT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.result, Json(JsonObject{{"input", JsonObject{{"text", "what?"}}},
                                           {"files", to_json(with_file(kCat).files)}}));
}

TEST_P(ExecutorConformance, AFileThatBreaksItsRuleIsRefused) {
  FileReference text = kCat;
  text.media_type = "text/plain";
  const auto outcome = client_.submit(with_file(text));
  const auto* const refused = std::get_if<executor::Refused>(&outcome);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->error.code, error_code::kInvalidInput);
  EXPECT_EQ(refused->error.details.at("field"), "/input/image");
  GenerationRequest elsewhere = with_file(kCat);
  elsewhere.model = "echo";
  EXPECT_TRUE(std::holds_alternative<executor::Refused>(client_.submit(std::move(elsewhere))));
}

TEST_P(ExecutorConformance, TheSameKeyWithAnotherFileIsAConflict) {
  GenerationRequest first = with_file(kCat);
  first.idempotency_key = "with a file";
  GenerationRequest other = first;
  other.files.at("image").sha256 = std::string(64, 'd');
  const GenerationId id = client_.start(first);
  client_.wait_for_end(id);
  EXPECT_EQ(client_.start(first), id);
  const auto outcome = client_.submit(std::move(other));
  const auto* const refused = std::get_if<executor::Refused>(&outcome);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->error.code, error_code::kIdempotencyConflict);
}

}  // namespace
}  // namespace shunt::testing
