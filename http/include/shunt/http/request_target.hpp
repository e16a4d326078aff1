#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// A request target taken apart: the path's segments, percent-decoded one by one (so an encoded slash stays in
// its segment), and the query as it came.
class RequestTarget {
 public:
  static constexpr std::size_t kMaxSegments = 8;

  RequestTarget() = default;
  RequestTarget(const RequestTarget&) = delete;
  RequestTarget& operator=(const RequestTarget&) = delete;

  // `target` in origin form ("/a?b"), absolute form ("http://host/a") or "*"; it outlives this. The error is
  // `invalid_target`. A path of more segments than any route has is cut: it matches nothing.
  [[nodiscard]] Result<void> parse(std::string_view target);

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] std::string_view segment(std::size_t index) const noexcept { return segments_[index]; }
  [[nodiscard]] std::string_view query() const noexcept { return query_; }
  // The authority of an absolute-form target stands in the place of the Host header (RFC 9112, 3.2.2).
  [[nodiscard]] const std::optional<std::string_view>& authority() const noexcept { return authority_; }
  [[nodiscard]] bool asterisk() const noexcept { return asterisk_; }

 private:
  [[nodiscard]] bool add_segment(std::string_view encoded);

  std::string decoded_;  // what segments_ look at
  std::array<std::string_view, kMaxSegments> segments_{};
  std::size_t count_ = 0;
  std::string query_;
  std::optional<std::string_view> authority_;  // looks at what was parsed
  bool asterisk_ = false;
};

// Appends `text` with its %XX resolved; false if one is malformed. `plus_is_space` is for queries.
[[nodiscard]] bool percent_decode(std::string_view text, std::string& out, bool plus_is_space = false);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;
// "a=1&b=x%20y" in order; a name without "=" has the value "". The error is `invalid_target`.
[[nodiscard]] Result<QueryParameters> parse_query(std::string_view query);

}  // namespace shunt::http
