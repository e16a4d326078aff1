#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/result.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/file_error_codes.hpp"
#include "shunt/generation/namespace.hpp"

// What answers of an S3 server mean. Pure: whatever a server says, these functions return, and what they
// quote of it is a short word of letters and digits.
namespace shunt::generation::s3 {

struct Answer {
  bool complete = false;  // else the transfer failed, and `problem` says how
  std::string problem{};
  long status = 0;
  std::string body{};  // of an error its beginning
  std::optional<std::size_t> content_length{};
  std::string content_range{};  // the header's value; "" = none, or several
};

// What the objects are, for messages, and what their failures are called.
struct Kind {
  std::string_view noun;  // "an artifact"
  ErrorCode failed;
  ErrorCode gone;
  ErrorCode full;  // the bucket takes no more
};
inline constexpr Kind kArtifacts{"an artifact", error_code::kArtifactStoreFailed, error_code::kArtifactGone,
                                 error_code::kArtifactStoreFailed};
inline constexpr Kind kFiles{"a file", error_code::kFileStoreFailed, error_code::kFileGone,
                             error_code::kStorageFull};

// Where the objects are.
struct Bucket {
  std::string endpoint;
  std::string name;
  std::string prefix;
  Kind kind = kArtifacts;
};
// "ENDPOINT, bucket NAME, prefix PREFIX": for the operator alone.
[[nodiscard]] std::string place_of(const Bucket& bucket);

struct ContentRange {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t size = 0;  // of the whole object
  [[nodiscard]] bool operator==(const ContentRange&) const = default;
};
// "bytes 0-4/10" (RFC 9110, 14.4). Nothing: it is another unit, tells no size, or cannot be.
[[nodiscard]] std::optional<ContentRange> parse_content_range(std::string_view header);

// "NoSuchBucket" of "<Error><Code>NoSuchBucket</Code>..."; "" where there is no such word.
[[nodiscard]] std::string_view error_word(std::string_view body);

// Whether the same request may be answered otherwise soon: no whole answer, 5xx, 429.
[[nodiscard]] bool may_go_better(const Answer& answer);

// Which bytes of an object were asked for, and how large it is said to be.
struct Part {
  std::size_t size = 0;
  std::size_t offset = 0;
  std::size_t length = 0;

  // A part of no bytes asks for the first one, which is not there if the object is empty.
  [[nodiscard]] std::size_t asked() const noexcept { return length == 0 ? 1 : length; }
};

// Whether there is no such object. A bucket that is not there has none, but that is not what was asked.
[[nodiscard]] bool is_gone(const Answer& answer);

// What went wrong, as an error of the bucket's kind: "DOING an artifact failed: ...".
[[nodiscard]] Error not_done(std::string_view doing, const Answer& answer, const Bucket& bucket);

// All three fail as the bucket's kind does, and the one that reads with its `gone` when there is no such
// object.
[[nodiscard]] Result<void> stored(const Answer& answer, const Bucket& bucket);
[[nodiscard]] Result<void> removed(const Answer& answer, const Bucket& bucket);
// Exactly the bytes of the part, of an object that has exactly the size that it is said to have.
[[nodiscard]] Result<std::string> part_of_object(Answer answer, const Bucket& bucket,
                                                 const std::string& sha256, const Part& part);

}  // namespace shunt::generation::s3
