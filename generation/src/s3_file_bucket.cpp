#include "s3_file_bucket.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "shunt/base/clock.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation::s3 {
namespace {

// Beside the artifacts and not below them, as those are removed by a rule of the bucket for their prefix:
// "shunt-files/" for "shunt/".
S3Options for_files(S3Options options) {
  if (options.prefix.ends_with('/')) options.prefix.pop_back();
  options.prefix += options.prefix.empty() ? "files/" : "-files/";
  return options;
}

}  // namespace

FileBucket::FileBucket(S3Options options)
    : client_(for_files(std::move(options))),
      bucket_{client_.options().endpoint, client_.options().bucket, client_.options().prefix, kFiles} {}

Result<NameList> FileBucket::page(const std::string& prefix, const std::string& after, std::size_t most) {
  const ListQuestion question{bucket_.prefix + prefix, after.empty() ? std::string() : bucket_.prefix + after,
                              most};
  auto list = listed(client_.ask({.query = list_query(question), .most = kMaxListBytes}), bucket_, question);
  if (!list) return list;
  for (std::string& name : list->names) name.erase(0, bucket_.prefix.size());
  return list;
}

// A server may send fewer names at once than it was asked for; it has as long for all as for one request.
Result<std::vector<std::string>> FileBucket::names(const std::string& prefix, std::size_t most) {
  const SteadyTime begun = std::chrono::steady_clock::now();
  const auto most_time = client_.options().request_timeout * static_cast<int>(client_.options().tries);
  std::vector<std::string> all;
  for (;;) {
    auto list = page(prefix, all.empty() ? std::string() : all.back());
    if (!list) return std::move(list).error();
    std::ranges::move(list->names, std::back_inserter(all));
    if (all.size() > most || (all.size() == most && list->more)) {
      return Error{error_code::kFileStoreFailed, "the bucket has more names in one place than " +
                                                     std::to_string(most) + ", which is what is looked at"}
          .with_internal(s3::place_of(bucket_));
    }
    if (!list->more) return all;
    if (std::chrono::steady_clock::now() - begun >= most_time) {
      return Error{error_code::kFileStoreFailed, "the bucket tells its names too slowly", Retryable::kYes}
          .with_internal(s3::place_of(bucket_));
    }
  }
}

Result<void> FileBucket::put(const std::string& name, std::string_view text) {
  return stored(client_.ask({.method = "PUT", .name = name, .digest = sha256_hex(text), .body = text}),
                bucket_);
}

Result<void> FileBucket::put(const std::string& name, const std::string& sha256, http::BodySource source) {
  return stored(client_.ask({.method = "PUT", .name = name, .digest = sha256, .source = std::move(source)}),
                bucket_);
}

Result<void> FileBucket::remove(const std::string& name) {
  return removed(client_.ask({.method = "DELETE", .name = name}), bucket_);
}

Result<void> FileBucket::remove_once(const std::string& name, std::chrono::milliseconds most_time) {
  const auto timeout = std::min(most_time, client_.options().request_timeout);
  return removed(client_.ask({.method = "DELETE", .name = name, .timeout = timeout, .tries = 1}), bucket_);
}

Result<std::string> FileBucket::read(const std::string& name, const Part& part) {
  return part_of_object(client_.ask({.name = name, .part = part}), bucket_, name, part);
}

Result<std::optional<std::string>> FileBucket::read_small(const std::string& name, std::size_t most) {
  Answer answer = client_.ask({.name = name, .most = most});
  if (is_gone(answer)) return std::optional<std::string>();
  if (!answer.complete || answer.status != 200) return not_done("reading", answer, bucket_);
  return std::optional(std::move(answer.body));
}

Result<bool> FileBucket::has(const std::string& name, std::size_t bytes) {
  const Part part{.size = bytes};
  const Answer answer = client_.ask({.name = name, .part = part});
  if (is_gone(answer)) return false;
  // An empty object has no first byte.
  if (answer.complete && answer.status == 416) return bytes == 0;
  if (!answer.complete || (answer.status != 200 && answer.status != 206))
    return not_done("looking for", answer, bucket_);
  return part_of_object(answer, bucket_, name, part).ok();
}

}  // namespace shunt::generation::s3
