#include <gmock/gmock.h>

#include "shunt/site/judgements.hpp"

namespace shunt::site {
namespace {

using testing::HasSubstr;
using How = http::TransferEnd::How;
using Obstacle = http::TransferEnd::Obstacle;

ServerAnswer no_answer(How how, Obstacle obstacle = Obstacle::kNone) {
  ServerAnswer answer;
  answer.end.how = how;
  answer.end.obstacle = obstacle;
  answer.end.reason = "why \x1b[2J";
  return answer;
}

ServerAnswer answered(int status, std::string body = "{}") {
  ServerAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

struct Row {
  ServerAnswer answer;
  Severity severity;
  const char* found;
  const char* advice;
};

void expect_as_in(const Row& row, const Finding& finding) {
  EXPECT_EQ(finding.severity, row.severity) << finding.found;
  EXPECT_THAT(finding.found, HasSubstr(row.found));
  EXPECT_THAT(finding.advice, HasSubstr(row.advice)) << finding.found;
  EXPECT_EQ(finding.advice.empty(), finding.severity == Severity::kOk) << finding.found;
  EXPECT_EQ(finding.found.find('\x1b'), std::string::npos);
}

TEST(JudgeCollector, tells_every_answer_to_an_empty_export_apart) {
  const Row table[] = {
      {answered(200), Severity::kOk, "takes an empty export", ""},
      {answered(200, R"({"partialSuccess":{}})"), Severity::kOk, "takes an empty export", ""},
      {answered(200, "<html>"), Severity::kWarning, "something else", "is this a collector?"},
      {answered(200, "[]"), Severity::kWarning, "something else", "is this a collector?"},
      {answered(301), Severity::kProblem, "status 301", "tracing.otlp_endpoint"},
      {answered(400), Severity::kProblem, "status 400", "OTLP as JSON"},
      {answered(401), Severity::kProblem, "wants a token", "tracing.otlp_headers"},
      {answered(404), Severity::kProblem, "status 404", "4318"},
      {answered(405), Severity::kProblem, "status 405", "4318"},
      {answered(415), Severity::kProblem, "status 415", "OTLP as JSON"},
      {answered(429), Severity::kWarning, "status 429", "busy"},
      {answered(500), Severity::kProblem, "status 500", "log"},
      {answered(503), Severity::kWarning, "status 503", "busy"},
      {no_answer(How::kNotConnected, Obstacle::kRefused), Severity::kProblem, "cannot be reached",
       "port in tracing.otlp_endpoint"},
      {no_answer(How::kNotConnected, Obstacle::kName), Severity::kProblem, "cannot be reached", "name in"},
      {no_answer(How::kNotConnected, Obstacle::kTls), Severity::kProblem, "cannot be reached", "certificate"},
      {no_answer(How::kConnectTimedOut), Severity::kProblem, "no connection in time", "firewall"},
      {no_answer(How::kTimedOut), Severity::kProblem, "says nothing", "hangs"},
      {no_answer(How::kBroken), Severity::kProblem, "no answer of HTTP", "https://"},
  };
  for (const Row& row : table) {
    const Finding finding = judge_collector({"10.0.0.1:4318", "tracing.otlp_endpoint", false, row.answer});
    EXPECT_EQ(finding.name, "tracing.otlp");
    expect_as_in(row, finding);
  }
}

TEST(JudgeCollector, says_which_headers_were_refused_and_not_what_they_are) {
  const Finding finding = judge_collector({"10.0.0.1:4318", "tracing.otlp_endpoint", true, answered(403)});
  EXPECT_EQ(finding.severity, Severity::kProblem);
  EXPECT_THAT(finding.found, HasSubstr("refuses the headers (status 403)"));
}

TEST(JudgeEndpoint, is_content_with_any_answer_that_is_no_failure) {
  ServerAnswer private_address = no_answer(How::kNotConnected, Obstacle::kOther);
  private_address.not_allowed = true;
  const Row table[] = {
      {answered(200), Severity::kOk, "can be reached; nothing was delivered", ""},
      {answered(301), Severity::kOk, "can be reached", ""},
      {answered(404), Severity::kOk, "can be reached", ""},
      {answered(405), Severity::kOk, "can be reached", ""},
      {answered(502), Severity::kWarning, "status 502", "shunt webhooks test"},
      {private_address, Severity::kProblem, "not public", "webhooks.allowed_addresses"},
      {no_answer(How::kNotConnected, Obstacle::kTls), Severity::kProblem, "cannot be reached", "certificate"},
      {no_answer(How::kTimedOut), Severity::kProblem, "says nothing", "hangs"},
  };
  for (const Row& row : table) {
    const Finding finding =
        judge_endpoint({"webhooks.url", "hooks.example.com:443", "webhooks.url", row.answer});
    EXPECT_EQ(finding.name, "webhooks.url");
    expect_as_in(row, finding);
  }
}

TEST(JudgeBucket, tells_which_step_failed) {
  struct Step {
    BucketFacts facts;
    Severity severity;
    const char* found;
    const char* advice;
  };
  const Step table[] = {
      {{.place = "box at s3:443"}, Severity::kOk, "box at s3:443 stores, reads and removes", ""},
      {{.mistake = "no key"}, Severity::kProblem, "no key", "would not start"},
      {{.not_stored = "why \x1b[2J"}, Severity::kProblem, "why", "artifacts.s3.endpoint"},
      {{.not_read = "AccessDenied"}, Severity::kProblem, "cannot be read: AccessDenied", "get objects"},
      {{.not_listed = "AccessDenied"},
       Severity::kProblem,
       "cannot be listed: AccessDenied",
       "list the bucket"},
      {{.not_removed = "AccessDenied"}, Severity::kWarning, "cannot be removed", "lifecycle rule"},
      {{.not_read = "one", .not_removed = "two"}, Severity::kProblem, "one", "get objects"},
  };
  for (const Step& step : table) {
    const Finding finding = judge_bucket(step.facts);
    EXPECT_EQ(finding.name, "artifacts.s3");
    EXPECT_EQ(finding.severity, step.severity) << finding.found;
    EXPECT_THAT(finding.found, HasSubstr(step.found));
    EXPECT_THAT(finding.advice, HasSubstr(step.advice));
    EXPECT_EQ(finding.found.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace shunt::site
