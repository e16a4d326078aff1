#pragma once

#include <cstdint>
#include <string_view>

#include "server/request_parser.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/server/application.hpp"
#include "shunt/http/server/server_limits.hpp"

namespace shunt::http {

// The body of one request on its way from the client's socket to the handler. What is not asked for stays
// with the client: its socket is read only within more().
class StreamedBody final : public BodyStream {
 public:
  // All of them outlive it.
  StreamedBody(ClientSocket& client, RequestParser& parser, Request& request, const ServerLimits& limits,
               std::size_t max_bytes)
      : client_(client), parser_(parser), request_(request), limits_(limits), max_bytes_(max_bytes) {}

  [[nodiscard]] Task<Result<std::string_view>> more() override;
  [[nodiscard]] bool done() const noexcept override { return parser_.done(); }

 private:
  void set_deadline();

  ClientSocket& client_;
  RequestParser& parser_;
  Request& request_;
  const ServerLimits& limits_;
  const std::size_t max_bytes_;
  std::uint64_t received_ = 0;
  std::chrono::steady_clock::duration waited_{0};  // for the client, and not for who takes the bytes
  bool broken_ = false;
};

}  // namespace shunt::http
