#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "admission/live_settings.hpp"
#include "admission/request_gate.hpp"
#include "routes/exchange.hpp"
#include "service/service.hpp"
#include "shunt/http/server/arrival.hpp"
#include "shunt/http/server/client_socket.hpp"
#include "shunt/http/server/header_scan.hpp"
#include "shunt/http/server/request.hpp"
#include "shunt/http/server/request_parser.hpp"
#include "shunt/http/server/response.hpp"
#include "shunt/http/server/task.hpp"

namespace shunt::api {

// HTTP/1.x over one client's socket: requests in order, one response each. Lives on the connection's
// coroutine.
class Connection {
 public:
  // `date` is the shard's current Date text; all three outlive the connection.
  Connection(http::ClientSocket& client, Service& service, const std::string& date, http::Arrival arrival);

  // Serves requests until either side ends the connection, which is closed then.
  [[nodiscard]] http::Task<void> run();

 private:
  enum class Next { kRequest, kClose, kLinger };
  // kRefused: the response is set, and what the client still sends is not to be understood.
  enum class Received { kRequest, kRefused, kNothing };

  [[nodiscard]] http::Task<Next> serve_one();
  [[nodiscard]] http::Task<Received> receive_header();
  [[nodiscard]] http::Task<Received> receive_body(std::size_t limit);
  [[nodiscard]] http::Task<void> handle(Exchange& exchange);

  [[nodiscard]] std::optional<Error> header_error(http::HeaderScan& scan);
  void renew_settings();
  void wait_for(http::WaitsFor what);
  // Tells how many bytes.
  std::size_t skip_empty_lines();
  [[nodiscard]] bool limits_address() const noexcept;
  [[nodiscard]] std::optional<Error> count_client(const Gate& gate, http::AddressCounts::Slot& slot);
  [[nodiscard]] std::optional<Error> check_room(const Gate& gate);
  [[nodiscard]] const HttpServerOptions& options() const noexcept { return live_.get().options; }
  void begin_request();
  // Room for what has come of the body. False: there is none.
  [[nodiscard]] bool reserve_body(std::size_t limit);
  // Counts the buffers that are kept for the next request, or gives them back.
  void keep_buffers();
  // Turns the response into bytes. False: the connection ends after it.
  bool send_response(bool keep_alive);
  void count(const Route* route, int status);
  Received refuse(const Error& error);
  Received refuse_overloaded(std::string_view what);

  http::ClientSocket& client_;
  Service& service_;
  const std::string& date_;
  http::Arrival arrival_;
  LiveSettingsSource::Reader live_;  // renewed with each request
  LetIn let_in_;                     // by the settings of live_
  http::RequestParser parser_;
  http::Request request_;
  http::RequestTarget target_;
  http::Response response_;
  MemoryReservation request_memory_;  // of a body that is more than small, and of decoding it
  MemoryReservation answer_memory_;   // until the answer is handed to the client's socket
  MemoryReservation kept_memory_;     // of what is kept for the next request
  SteadyTime began_{};
};

}  // namespace shunt::api
