#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/server/request.hpp"

namespace shunt::http {

// HTTP/1.x requests from bytes, strictly (Beast's basic_parser underneath): first the header block in one
// piece (HeaderScan finds it), then the body in any pieces. Start a new request with reset().
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // `request` is filled from now on; it outlives the parser's use of it.
  void reset(Request& request);

  // The whole header block with its empty line.
  [[nodiscard]] std::optional<Error> parse_header(std::string_view block);

  struct Fed {
    std::size_t used = 0;
    std::optional<Error> error;
  };
  // Decodes what there is of the body and appends it to the request's, from which it may be taken in between.
  // Refuses with `body_too_large` what is more than `limit` bytes in all.
  [[nodiscard]] Fed feed_body(std::string_view bytes, std::size_t limit);

  [[nodiscard]] bool done() const noexcept;
  // Forgets the request, for idle connections.
  void release() noexcept;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;  // null before reset() and after the request
  Request* request_ = nullptr;
};

}  // namespace shunt::http
