#include "core/job_validation.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "bullmq/error.hpp"

namespace bullmq::detail {
namespace {

// The message, or nothing when it is accepted.
std::string refusal(const std::function<void()>& check) {
  try {
    check();
    return "";
  } catch (const ValidationError& error) {
    return error.what();
  }
}

std::string refusal_of(const JobOptions& options, std::string_view data = "{}") {
  return refusal([&] { validate_job("paint", data, options); });
}

constexpr const char* kInteger = "Custom Id cannot be integers";
constexpr const char* kColon = "Custom Id cannot contain :";
constexpr const char* kZero = "JobId cannot be '0' or start with '0:'";

struct IdCase {
  const char* id;
  const char* of_every_add;
  const char* of_a_single_add;
};

TEST(JobValidation, RefusesTheIdsThatNodeRefuses) {
  const IdCase cases[] = {
      {"", "", ""},
      {"a", "", ""},
      {"12", kInteger, ""},
      {"0", kInteger, kZero},
      {"-5", kInteger, ""},
      {"9007199254740992", kInteger, ""},
      {"123456789012345680000", kInteger, ""},
      // Their parseInt has another text.
      {"007", "", ""},
      {"1.5", "", ""},
      {"+5", "", ""},
      {"-0", "", ""},
      {"-", "", ""},
      {"12abc", "", ""},
      {" 12", "", ""},
      {"12 ", "", ""},
      {"1e5", "", ""},
      {"0x10", "", ""},
      {"NaN", kInteger, ""},
      {"9007199254740993", "", ""},
      {"1000000000000000000000", "", ""},
      {"1e+21", "", ""},
      // Two colons are the shape of old repeatable jobs.
      {"a:b", kColon, ""},
      {"0:1", kColon, kZero},
      {"0:1:2", "", kZero},
      {"a:b:c", "", ""},
      {"::", "", ""},
      {":", kColon, ""},
      {"a:b:c:d", kColon, ""},
      {"12:1:2", "", ""},
      {"00", "", ""},
  };
  for (const IdCase& c : cases) {
    JobOptions options;
    options.job_id = c.id;
    EXPECT_EQ(refusal_of(options), c.of_every_add) << c.id;
    EXPECT_EQ(refusal([&] { validate_single_add(options); }), c.of_a_single_add) << c.id;
  }
}

TEST(JobValidation, ComparesWithTheTextOfParseInt) {
  const std::pair<const char*, const char*> texts[] = {
      {"12", "12"},
      {"007", "7"},
      {"-007", "-7"},
      {"+5", "5"},
      {"-0", "0"},
      {"1.5", "1"},
      {"\t\n\v\f\r 3x", "3"},
      {"", "NaN"},
      {"-", "NaN"},
      {"--1", "NaN"},
      {"x1", "NaN"},
      {"0x10", "0"},
      {"9007199254740993", "9007199254740992"},
      {"18446744073709551616", "18446744073709552000"},
      {"123456789012345678901", "123456789012345680000"},
      {"295147905179352825856", "295147905179352830000"},
      {"100000000000000000000", "100000000000000000000"},
      {"999999999999999999999", "1e+21"},
      {"-1000000000000000000000", "-1e+21"},
      {"0000000000000000000000000000012", "12"},
  };
  for (const auto& [text, number] : texts) EXPECT_EQ(text_of_js_parse_int(text), number) << text;
}

TEST(JobValidation, RefusesEveryExactInteger) {
  for (std::int64_t number = 1; number < (std::int64_t{1} << 53); number = number * 3 + 1) {
    for (const std::string& id : {std::to_string(number), std::to_string(-number)})
      EXPECT_EQ(text_of_js_parse_int(id), id);
    EXPECT_NE(text_of_js_parse_int("0" + std::to_string(number)), "0" + std::to_string(number));
  }
}

TEST(JobValidation, BoundsThePriorityAsNodeDoes) {
  const std::string too_high = "Priority should be between 0 and 2097151";
  const std::pair<std::int64_t, std::string> cases[] = {
      {0, ""},  {1, ""},         {2'097'151, ""}, {2'097'152, too_high}, {INT64_MAX, too_high},
      {-1, ""}, {INT64_MIN, ""},
  };
  for (const auto& [priority, message] : cases) {
    JobOptions options;
    options.priority = priority;
    EXPECT_EQ(refusal_of(options), message) << priority;
  }
}

TEST(JobValidation, CountsTheBytesOfTheData) {
  struct SizeLimit {
    std::int64_t limit;
    const char* data;
    const char* message;
  };
  const SizeLimit cases[] = {
      {2, "{}", ""},
      {1, "{}", "The size of job paint exceeds the limit 1 bytes"},
      {3, "\"ö\"", "The size of job paint exceeds the limit 3 bytes"},
      {4, "\"ö\"", ""},
      {0, "{}", ""},
      {-1, "{}", "The size of job paint exceeds the limit -1 bytes"},
  };
  for (const SizeLimit& c : cases) {
    JobOptions options;
    options.size_limit = c.limit;
    EXPECT_EQ(refusal_of(options, c.data), c.message) << c.limit << c.data;
  }
}

TEST(JobValidation, AllowsOneEffectOnTheParentAtMost) {
  // In the order of the message: rdof, fpof, cpof, idof.
  const char* const names[] = {"removeDependencyOnFailure", "failParentOnFailure", "continueParentOnFailure",
                               "ignoreDependencyOnFailure"};
  for (unsigned set = 0; set < 16; ++set) {
    JobOptions options;
    options.remove_dependency_on_failure = (set & 1) != 0;
    options.fail_parent_on_failure = (set & 2) != 0;
    options.continue_parent_on_failure = (set & 4) != 0;
    options.ignore_dependency_on_failure = (set & 8) != 0;
    std::string together;
    int count = 0;
    for (unsigned i = 0; i < 4; ++i) {
      if ((set >> i & 1) != 0) together += (count++ == 0 ? "" : ", ") + std::string(names[i]);
    }
    EXPECT_EQ(refusal_of(options),
              count > 1 ? "The following options cannot be used together: " + together : "");
  }
}

TEST(JobValidation, WantsAnIdToDeduplicateByAndNoParent) {
  JobOptions options;
  options.deduplication.emplace();
  EXPECT_EQ(refusal_of(options), "Deduplication id must be provided");
  options.deduplication->id = "x";
  EXPECT_EQ(refusal_of(options), "");
  options.parent = Parent{"1", "bull:p"};
  EXPECT_EQ(refusal_of(options), "Deduplication and parent options cannot be used together");
}

TEST(JobValidation, BoundsTheJitter) {
  for (const double jitter : {-0.01, 1.01, 1e300}) {
    JobOptions options;
    options.backoff.emplace().jitter = jitter;
    EXPECT_EQ(refusal_of(options), "Jitter should be between 0 and 1") << jitter;
  }
  for (const double jitter : {0.0, 0.5, 1.0}) {
    JobOptions options;
    options.backoff.emplace().jitter = jitter;
    EXPECT_EQ(refusal_of(options), "") << jitter;
  }
}

TEST(JobValidation, WantsAQueueNameWithoutColons) {
  const std::pair<std::string, std::string> names[] = {
      {"paint", ""},
      {"{x} y/z", ""},
      {"", "Queue name must be provided"},
      {"a:b", "Queue name cannot contain :"},
      {":", "Queue name cannot contain :"},
  };
  for (const auto& [name, message] : names)
    EXPECT_EQ(refusal([&] { validate_queue_name(name); }), message) << name;
}

}  // namespace
}  // namespace bullmq::detail
