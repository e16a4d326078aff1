#include <string>

#include "doctor/finding_made.hpp"
#include "doctor/unanswered.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "shunt/site/judgements.hpp"

namespace shunt::site {
namespace {

using How = http::TransferEnd::How;

constexpr const char* kTraces = "tracing.otlp";

// OTLP over HTTP answers an export with an object, which is empty when all was taken.
bool is_export_answer(const std::string& body) {
  const auto document = parse_json(body);
  return document && document->is_object();
}

Finding collector_refuses(const CollectorFacts& facts) {
  const std::string status = std::to_string(facts.answer.status);
  if (facts.has_headers) {
    return problem(kTraces, facts.server + " refuses the headers (status " + status + ')',
                   "Look at tracing.otlp_headers: another token, or one with more rights, is needed.");
  }
  return problem(kTraces, facts.server + " wants a token (status " + status + ')',
                 "Give it in tracing.otlp_headers, as the collector's settings say.");
}

std::string text_of(const std::string& message) {
  return displayable(excerpt(message));
}

}  // namespace

Finding judge_collector(const CollectorFacts& facts) {
  if (facts.answer.end.how != How::kComplete)
    return unanswered(kTraces, facts.server, facts.answer.end, facts.setting);
  const int status = facts.answer.status;
  const std::string answered =
      facts.server + " answers an empty export with status " + std::to_string(status);
  if (status == 401 || status == 403) return collector_refuses(facts);
  if (status == 429 || status == 502 || status == 503 || status == 504)
    return warning(kTraces, answered, "It is too busy at present: look again in a minute.");
  if (status >= 500) return problem(kTraces, answered, "Look at the collector's log.");
  if (status == 404 || status == 405) {
    return problem(kTraces, answered,
                   "Look at " + facts.setting +
                       ": OTLP over HTTP is wanted there, most often at port 4318 and /v1/traces.");
  }
  if (status < 200 || status >= 300) {
    return problem(kTraces, answered, "Look at " + facts.setting + ", and whether it takes OTLP as JSON.");
  }
  if (!is_export_answer(facts.answer.body)) {
    return warning(kTraces, facts.server + " answers an empty export with something else than OTLP's answer",
                   "Look at " + facts.setting + ": is this a collector?");
  }
  return fine(kTraces, facts.server + " takes an empty export");
}

Finding judge_endpoint(const EndpointFacts& facts) {
  if (facts.answer.not_allowed) {
    return problem(facts.name,
                   facts.server + " is at an address that is not public, so nothing is sent there",
                   "Add its address to webhooks.allowed_addresses, if it is meant.");
  }
  const int status = facts.answer.status;
  // What comes behind a status, and when, is nobody's business here.
  if (status == 0) return unanswered(facts.name, facts.server, facts.answer.end, facts.setting);
  if (status >= 500) {
    return warning(facts.name, facts.server + " answers with status " + std::to_string(status),
                   "Look at that server's log; `shunt webhooks test` sends it a message.");
  }
  return fine(facts.name, facts.server + " can be reached; nothing was delivered");
}

Finding judge_bucket(const BucketFacts& facts) {
  constexpr const char* kName = "artifacts.s3";
  if (facts.mistake)
    return problem(kName, text_of(*facts.mistake), "The service would not start: mend that setting.");
  if (facts.not_stored) {
    return problem(
        kName, text_of(*facts.not_stored),
        "Look at artifacts.s3.endpoint and region, whether the bucket is there, and whether the key "
        "may put objects below its prefix.");
  }
  if (facts.not_read) {
    return problem(
        kName, "what was just stored cannot be read: " + text_of(*facts.not_read),
        "Let the key get objects below artifacts.s3.prefix too, and look at what stands before the "
        "bucket.");
  }
  if (facts.not_listed) {
    return problem(
        kName, "names of callers' files cannot be listed: " + text_of(*facts.not_listed),
        "Let the key list the bucket, or name a folder that all processes share in files.directory.");
  }
  if (facts.not_removed) {
    return warning(
        kName, "what was stored and read cannot be removed: " + text_of(*facts.not_removed),
        "Let the key delete objects below artifacts.s3.prefix; until then only a lifecycle rule of "
        "the bucket removes what nobody needs.");
  }
  return fine(kName, facts.place + " stores, reads and removes");
}

}  // namespace shunt::site
