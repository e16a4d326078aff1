#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/arrival.hpp"
#include "server/header_scan.hpp"
#include "server/request_parser.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/server/application.hpp"
#include "shunt/http/server/server_state.hpp"

namespace shunt::http {

// HTTP/1.x over one client's socket: requests in order, one response each. Lives on the connection's
// coroutine.
class Connection {
 public:
  // `date` is the shard's current Date text; client, state and date outlive the connection.
  Connection(ClientSocket& client, ServerState& state, std::unique_ptr<RequestHandler> handler,
             const std::string& date, Arrival arrival);

  // Serves requests until either side ends the connection, which is closed then.
  [[nodiscard]] Task<void> run();

 private:
  enum class Next { kRequest, kClose, kLinger };
  // kRefused: the response is set, and what the client still sends is not to be understood.
  enum class Received { kRequest, kRefused, kNothing };

  [[nodiscard]] Task<Next> serve_one();
  [[nodiscard]] Task<Received> receive_header();
  [[nodiscard]] Task<Received> receive_body(std::size_t limit);

  // Where the client waits to be asked.
  void ask_for_body();
  [[nodiscard]] std::optional<Error> header_error(HeaderScan& scan);
  void wait_for(WaitsFor what);
  // Tells how many bytes.
  std::size_t skip_empty_lines();
  [[nodiscard]] bool limits_address() const noexcept;
  [[nodiscard]] std::optional<Error> count_client(const HeaderVerdict& verdict, AddressCounts::Slot& slot);
  [[nodiscard]] std::optional<Error> check_room(const HeaderVerdict& verdict);
  [[nodiscard]] const ServerLimits& limits() const noexcept { return *limits_; }
  void begin_request();
  // Room for what has come of the body. False: there is none.
  [[nodiscard]] bool reserve_body(std::size_t limit);
  // Counts the buffers that are kept for the next request, or gives them back.
  void keep_buffers();
  // Turns the response into bytes. False: the connection ends after it.
  bool send_response(bool keep_alive);
  void count();
  Received refuse(const Error& error);
  Received refuse_overloaded(std::string_view what);

  ClientSocket& client_;
  ServerState& state_;
  const std::unique_ptr<RequestHandler> handler_;
  const ServerLimits* limits_;  // the handler's, renewed with each request
  Arrival arrival_;
  RequestParser parser_;
  ServerExchange exchange_;
  MemoryReservation kept_memory_;  // of what is kept for the next request
  SteadyTime began_{};
};

}  // namespace shunt::http
