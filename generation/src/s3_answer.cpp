#include "s3_answer.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "shunt/base/digest.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::generation::s3 {
namespace {

constexpr std::size_t kLongestWord = 100;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Takes a number off the front.
std::optional<std::size_t> take_number(std::string_view& text) {
  std::size_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_unit(std::string_view& text) {
  constexpr std::string_view kBytes = "bytes";
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (!std::ranges::equal(text.substr(0, kBytes.size()), kBytes, {}, lower)) return false;
  text.remove_prefix(kBytes.size());
  return take(text, ' ');
}

Error object_gone(const Kind& kind) {
  return {kind.gone,
          std::string(kind.noun) + " has expired or was removed: its bytes are not stored any more"};
}

// The statuses and words of AWS's own limits, Ceph's and MinIO's. HTTP has 507 for it.
bool is_full(const Answer& answer) {
  constexpr std::string_view kWords[] = {"QuotaExceeded", "XMinioStorageFull",
                                         "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"};
  return answer.complete && (answer.status == 507 ||
                             (answer.status >= 400 && std::ranges::find(kWords, error_word(answer.body)) !=
                                                          std::ranges::end(kWords)));
}

}  // namespace

std::string place_of(const Bucket& bucket) {
  std::string place = bucket.endpoint + ", bucket " + bucket.name;
  if (!bucket.prefix.empty()) place += ", prefix " + bucket.prefix;
  return place;
}

bool is_gone(const Answer& answer) {
  return answer.complete && answer.status == 404 && error_word(answer.body) != "NoSuchBucket";
}

Error not_done(std::string_view doing, const Answer& answer, const Bucket& bucket) {
  std::string message(doing);
  message.append(" ").append(bucket.kind.noun).append(" failed: the bucket ");
  std::string internal = place_of(bucket);
  if (!answer.complete) {
    message += "gave no answer";
    internal += ": " + displayable(answer.problem);
  } else {
    message += "answered " + std::to_string(answer.status);
    if (const auto word = error_word(answer.body); !word.empty())
      message.append(" (").append(word).append(")");
  }
  const ErrorCode code = is_full(answer) ? bucket.kind.full : bucket.kind.failed;
  Error error{code, std::move(message), retryable_if(may_go_better(answer))};
  return std::move(error).with_internal(std::move(internal));
}

namespace {

Error not_as_said(const Bucket& bucket, const std::string& sha256, std::string_view what) {
  return Error{bucket.kind.failed, "the stored object " + sha256 + ' ' + std::string(what)}.with_internal(
      place_of(bucket));
}

// How large the object is, if what came is what was asked for.
std::optional<std::size_t> size_told(const Answer& answer, const Part& part) {
  // The whole, from a server that knows no ranges, which is right if that was asked for.
  if (answer.status == 200) return part.offset == 0 ? answer.content_length : std::nullopt;
  const auto range = parse_content_range(answer.content_range);
  if (!range || range->first != part.offset || range->last - range->first != answer.body.size() - 1)
    return std::nullopt;
  return range->size;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view header) {
  if (!take_unit(header)) return std::nullopt;
  const auto first = take_number(header);
  if (!first || !take(header, '-')) return std::nullopt;
  const auto last = take_number(header);
  if (!last || !take(header, '/')) return std::nullopt;
  const auto size = take_number(header);
  if (!size || !header.empty() || *first > *last || *last >= *size) return std::nullopt;
  return ContentRange{*first, *last, *size};
}

std::string_view error_word(std::string_view body) {
  constexpr std::string_view kBegin = "<Code>";
  const std::size_t begin = body.find(kBegin);
  if (begin == std::string_view::npos) return {};
  body.remove_prefix(begin + kBegin.size());
  const std::size_t end = body.find("</Code>");
  if (end == std::string_view::npos || end > kLongestWord) return {};
  const std::string_view word = body.substr(0, end);
  return std::ranges::all_of(word, is_letter_or_digit) ? word : std::string_view();
}

bool may_go_better(const Answer& answer) {
  return !answer.complete || answer.status >= 500 || answer.status == 429;
}

Result<void> stored(const Answer& answer, const Bucket& bucket) {
  if (answer.complete && answer.status == 200) return {};
  return not_done("storing", answer, bucket);
}

Result<void> removed(const Answer& answer, const Bucket& bucket) {
  const bool done = answer.status == 200 || answer.status == 204 || answer.status == 404;
  if (answer.complete && done && error_word(answer.body) != "NoSuchBucket") return {};
  return not_done("removing", answer, bucket);
}

Result<std::string> part_of_object(Answer answer, const Bucket& bucket, const std::string& sha256,
                                   const Part& part) {
  if (answer.complete && answer.status == 416 && part.size == 0 && part.length == 0) return std::string();
  if (is_gone(answer)) return object_gone(bucket.kind);
  const bool right = answer.status == 206 || (answer.status == 200 && part.offset == 0);
  if (!answer.complete || !right) return not_done("reading", answer, bucket);
  const auto size = size_told(answer, part);
  if (part.length == 0 && part.size > 0) answer.body.clear();
  if (answer.body.size() != part.length || size != part.size)
    return not_as_said(bucket, sha256, "has another size than it is said to have");
  return std::move(answer.body);
}

}  // namespace shunt::generation::s3
