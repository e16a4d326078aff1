#include "queue/worker/unreadable_job.hpp"

#include <algorithm>
#include <optional>

#include "queue/worker/job_outcome.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{5'000};
constexpr milliseconds kLongestPause{60'000};
// Bounds the words on what is wrong, which may quote the data.
constexpr std::size_t kLongestProblem = 300;

// What every version has at this place.
struct Foreign {
  std::int64_t version = 0;
  std::optional<std::int64_t> deadline;
};

std::optional<std::int64_t> integer_in(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

std::optional<Foreign> read_foreign(std::string_view data) {
  const auto json = parse_json(data);
  if (!json || !json->is_object()) return std::nullopt;
  const auto version = integer_in(json->get_object(), "v");
  if (!version) return std::nullopt;
  return Foreign{*version, integer_in(json->get_object(), "deadline")};
}

}  // namespace

UnreadableJob decide_unreadable(const Error& problem, std::string_view data, std::int64_t starts,
                                WallTime now) {
  const std::string what = to_valid_utf8(std::string_view(problem.message).substr(0, kLongestProblem));
  const auto foreign = read_foreign(data);
  const bool later = problem.code == error_code::kUnsupportedEnvelope && foreign &&
                     foreign->version > kNewestEnvelopeVersion;
  if (!later) return GiveJobUp{failed_reason(problem.code, "the job's data is no envelope: " + what)};
  if (foreign->deadline && *foreign->deadline <= now.time_since_epoch().count()) {
    return GiveJobUp{
        failed_reason(error_code::kDeadlineExceeded, "no worker could read its envelope in time: " + what)};
  }
  if (starts >= kMostStartsOfUnreadable) {
    return GiveJobUp{
        failed_reason(error_code::kUnsupportedEnvelope,
                      what + "; no other worker has taken the job in " + std::to_string(starts) + " tries")};
  }
  // Beyond 2^4 times it is the longest.
  const auto doublings = std::clamp<std::int64_t>(starts - 1, 0, 4);
  return PutJobBack{std::min(kLongestPause, kFirstPause * (std::int64_t{1} << doublings))};
}

}  // namespace shunt::executor
