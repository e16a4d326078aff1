#include "shunt/base/error_code.hpp"

#include <gtest/gtest.h>

#include "shunt/base/error.hpp"
#include "shunt/base/overloaded.hpp"

namespace shunt::base {
namespace {

TEST(ErrorCode, IsAWordOfLowerCaseLettersDigitsAndUnderscores) {
  const std::string longest(ErrorCode::kMaxSize, 'a');
  for (const std::string& text : {std::string("a"), std::string("made_up_2"), longest}) {
    const auto code = ErrorCode::parse(text);
    ASSERT_TRUE(code) << text;
    EXPECT_EQ(*code, text);
  }
  for (const std::string& text : {std::string(), std::string("Upper"), std::string("with space"),
                                  std::string("2_first"), std::string("_first"), std::string("dash-ed"),
                                  std::string("nul\0", 4), std::string("\xC3\xA9"), longest + 'a'})
    EXPECT_FALSE(ErrorCode::parse(text)) << text;
}

TEST(ErrorCode, ComparesWithCodesAndTexts) {
  constexpr ErrorCode code = "unknown_model";
  static_assert(code == ErrorCode("unknown_model") && code != ErrorCode("unknown"));
  EXPECT_EQ(code, "unknown_model");
  EXPECT_EQ(std::string("unknown_model"), code);
  EXPECT_NE(code, std::string_view("unknown_models"));
  EXPECT_EQ(std::string("a ").append(code), "a unknown_model");
}

TEST(ErrorCode, IsEmptyOnlyWithoutAValue) {
  EXPECT_TRUE(ErrorCode().empty());
  EXPECT_TRUE(Error().code.empty());
  EXPECT_FALSE(ErrorCode("x").empty());
}

TEST(Error, TellsLogsMoreThanCallers) {
  const Error error = Error{"made_up", "storing failed"}.with("limit", 3).with_internal("/srv/files");
  EXPECT_EQ(error.message, "storing failed");
  EXPECT_EQ(error.details, (boost::json::object{{"limit", 3}}));
  EXPECT_EQ(log_text(error), "storing failed (/srv/files)");
  EXPECT_EQ(log_text(Error{"made_up", "storing failed"}), "storing failed");
}

TEST(Error, SaysWhetherToTryAgain) {
  EXPECT_FALSE((Error{"invalid_input", "no"}).is_retryable());
  EXPECT_TRUE((Error{"model_busy", "later", Retryable::kYes}).is_retryable());
  EXPECT_EQ(retryable_if(true), Retryable::kYes);
  EXPECT_EQ(retryable_if(false), Retryable::kNo);
  EXPECT_TRUE(overloaded("requests").is_retryable());
}

TEST(Error, OfAFieldCutsWhatARequestMadeLong) {
  const Error error = invalid_field("/input/" + std::string(1000, 'x'), std::string(10'000, 'y'));
  EXPECT_EQ(error.code, "invalid_request");
  EXPECT_LT(error.message.size(), 5'000U);
  EXPECT_LT(error.details.at("field").as_string().size(), 400U);
}

}  // namespace
}  // namespace shunt::base
