#include "batches/batch_body.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace shunt::api::batches {
namespace {

constexpr std::string_view kFile = "file-5d41402abc4b2a76b9719d911017c592";

std::string body_with(std::string_view more = "", std::string_view endpoint = "/v1/chat/completions",
                      std::string_view window = "24h") {
  return R"({"input_file_id":")" + std::string(kFile) + R"(","endpoint":")" + std::string(endpoint) +
         R"(","completion_window":")" + std::string(window) + '"' + std::string(more) + '}';
}

std::string field_of(const std::string& text) {
  const auto read = read_batch_body(parse_json(text)->as_object());
  if (read) return "none";
  return std::string(read.error().details.at("field").as_string());
}

TEST(BatchBody, SaysWhatIsToBeRun) {
  const auto read = read_batch_body(
      parse_json(
          body_with(R"(,"metadata":{"a":"b"},"output_expires_after":{"anchor":"created_at","seconds":3600})"))
          ->as_object());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->input_file_id, kFile);
  EXPECT_EQ(read->endpoint, "/v1/chat/completions");
  EXPECT_EQ(to_json_text(read->metadata), R"({"a":"b"})");
  EXPECT_EQ(read->output_expires_after_s, 3600);
}

TEST(BatchBody, IsRefusedByTheNameOfWhatIsNotUsable) {
  for (const std::string_view endpoint : endpoints())
    EXPECT_EQ(field_of(body_with("", endpoint)), "none") << endpoint;
  const std::vector<std::pair<std::string, std::string>> bad{
      {"{}", "/input_file_id"},
      {R"({"input_file_id":7})", "/input_file_id"},
      {R"({"input_file_id":"../../etc/passwd"})", "/input_file_id"},
      {R"({"input_file_id":"file-5d41402abc4b2a76b9719d911017c592"})", "/endpoint"},
      {body_with("", "/v1/audio/speech"), "/endpoint"},
      {body_with("", "/v1/embeddings", "48h"), "/completion_window"},
      {body_with(R"(,"metadata":[])"), "/metadata"},
      {body_with(R"(,"metadata":{"a":7})"), "/metadata"},
      {body_with(R"(,"metadata":{"a":")" + std::string(513, 'x') + "\"}"), "/metadata"},
      {body_with(R"(,"output_expires_after":7)"), "/output_expires_after"},
      {body_with(R"(,"output_expires_after":{"anchor":"now","seconds":3600})"), "/output_expires_after"},
      {body_with(R"(,"output_expires_after":{"anchor":"created_at","seconds":1})"), "/output_expires_after"},
      {body_with(R"(,"priority":1)"), "/priority"},
  };
  for (const auto& [text, field] : bad) EXPECT_EQ(field_of(text), field) << text;
}

}  // namespace
}  // namespace shunt::api::batches
