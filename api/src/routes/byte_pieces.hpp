#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/byte_range.hpp"

namespace shunt::api {

using ByteResult = Result<std::shared_ptr<const std::string>>;

// Bytes that lie somewhere and are sent without being held whole. Outlives the answer.
struct ByteAnswer {
  std::size_t size = 0;
  std::string tag{};  // an entity tag: they never change
  // Reads exactly a part; `done` may be called on any thread.
  std::function<void(std::size_t offset, std::size_t length, std::function<void(ByteResult)> done)> read{};
  // Status 200, media type, and what else there is to say, ETag included.
  std::function<void(http::Response&)> describe{};
  std::string instance{};  // the link that a problem names
};

// The bytes as the response, or what a Range or If-None-Match makes of them; what is wrong, if they cannot be
// had. What is large is read and sent piece by piece, so that a slow reader holds one piece.
[[nodiscard]] http::Task<void> answer_with_pieces(Exchange& exchange, const ByteAnswer& answer);
// The same whatever the request's header says of ranges.
[[nodiscard]] http::Task<void> answer_with_range(Exchange& exchange, const ByteAnswer& answer,
                                                 http::RangeChoice range);

// A filename as a quoted string of a header has it: what cannot stand there becomes "_".
[[nodiscard]] std::string header_filename(std::string_view filename);

}  // namespace shunt::api
