#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "shunt/base/result.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

namespace problem_code {
inline constexpr ErrorCode kMalformedMultipart = "malformed_multipart";
}  // namespace problem_code

// What a multipart/form-data body may have (RFC 7578).
struct MultipartLimits {
  std::size_t max_parts = 64;
  std::size_t max_part_header_bytes = 8 * 1024;
  // What stands before the first boundary or behind the last one has no meaning, and only so much of it is
  // read.
  std::size_t max_padding_bytes = 1024;
};

inline constexpr std::size_t kMaxPartNameBytes = 256;
inline constexpr std::size_t kMaxFilenameBytes = 255;

// What the header of a part says. Texts are valid UTF-8 without control characters.
struct PartHeader {
  std::string name;
  // Set for a file. Without the path that a client may send with it, so it may be empty.
  std::optional<std::string> filename;
  std::string content_type;  // as it came; "": none
};

// The boundary that a Content-Type names: 1 to 70 of RFC 2046's characters. Fails with `malformed_multipart`,
// also where the type is not multipart/form-data.
[[nodiscard]] Result<std::string> multipart_boundary(std::string_view content_type);

// A multipart/form-data body from bytes in any pieces. It does no I/O and holds no more than one piece, a
// delimiter and a part's header. Feed it a piece, take events until it needs more, and feed it the next one:
//
//   PartBegins, PartData..., PartEnds for each part, then Done; or an Error (`malformed_multipart`) at once,
//   after which nothing else comes.
//
// A body that ends before Done was cut off: whoever feeds sees that. Not thread-safe.
class MultipartReader {
 public:
  explicit MultipartReader(std::string_view boundary, MultipartLimits limits = {});

  // The views of earlier events are invalid from here on.
  void feed(std::string_view bytes);

  struct NeedsMore {};
  struct PartBegins {
    PartHeader header;
  };
  struct PartData {
    std::string_view bytes;  // not empty; valid until the next feed()
  };
  struct PartEnds {};
  struct Done {};
  using Event = std::variant<NeedsMore, PartBegins, PartData, PartEnds, Done, Error>;
  [[nodiscard]] Event next();

 private:
  enum class State { kPreamble, kBoundary, kHeader, kData, kDone, kBroken };

  [[nodiscard]] std::string_view unread() const noexcept { return std::string_view(buffer_).substr(at_); }
  [[nodiscard]] Event read_preamble();
  [[nodiscard]] Event read_boundary();
  [[nodiscard]] Event read_header();
  [[nodiscard]] Event read_data();
  [[nodiscard]] Event broken(std::string message);

  const std::string delimiter_;  // CRLF, two hyphens and the boundary
  const MultipartLimits limits_;
  State state_ = State::kPreamble;
  std::string buffer_;
  std::size_t at_ = 0;  // what lies before is read
  std::size_t padding_ = 0;
  std::size_t parts_ = 0;
  bool in_part_ = false;  // its end has not been told
};

}  // namespace shunt::http
