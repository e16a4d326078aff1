#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/http/body_source.hpp"
#include "shunt/http/client.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// What became of a request.
struct ClientResponse {
  TransferEnd end;
  ResponseHead head;  // as far as it came; status 0: not at all
  std::string body;   // where no sink took it

  [[nodiscard]] bool complete() const noexcept { return end.how == TransferEnd::How::kComplete; }
};

// Takes a response's body piece by piece, each with the head. False: enough, the transfer ends as kStopped.
using BodySink = std::function<bool(const ResponseHead&, std::string_view)>;

// Requests of a thread that has no event loop: one after the other, each waited for, on connections that are
// kept. The same transfers as start_transfer's (client.hpp). Used by one thread at a time, but for end_by().
class BlockingClient {
 public:
  // Throws std::runtime_error if libcurl cannot be set up.
  BlockingClient();
  ~BlockingClient();
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;

  // Returns by `until` at the latest; what is not complete by then ends as kStopped. Without a sink the body
  // is gathered, up to the request's max_response_bytes.
  [[nodiscard]] ClientResponse perform(ClientRequest request, const BodySink& sink = {},
                                       SteadyTime until = SteadyTime::max());
  // The same of a PUT whose body is `source`, whatever the request has for one.
  [[nodiscard]] ClientResponse put(ClientRequest request, BodySource source, const BodySink& sink = {},
                                   SteadyTime until = SteadyTime::max());

  // The request under way, and every later one, ends by `until`. Any thread.
  void end_by(SteadyTime until) noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shunt::http
