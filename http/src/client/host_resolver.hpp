#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// Looks names up for one loop. libcurl would start a thread for each lookup, so two hundred requests to a new
// name would be two hundred threads; here requests for one name share one lookup, answers are kept for
// kKeptFor, and all lookups of a loop share the one thread that Asio starts for the first of them. Addresses
// and "localhost" (which libcurl knows) need no lookup and start no thread.
class HostResolver {
 public:
  using Addresses = std::vector<std::string>;
  using Done = std::function<void(const Result<Addresses>&)>;

  static constexpr std::chrono::seconds kKeptFor{30};
  // The code of the error that `Done` gets.
  static constexpr ErrorCode kUnresolvedHost = "unresolved_host";

  explicit HostResolver(boost::asio::io_context& context) : resolver_(context) {}

  [[nodiscard]] static bool needs_lookup(const std::string& host);

  // Calls `done` on the loop's thread; at once if the answer is kept.
  void resolve(const std::string& host, Done done);

 private:
  using Endpoints = boost::asio::ip::tcp::resolver::results_type;
  struct Answer {
    Addresses addresses;
    std::chrono::steady_clock::time_point until;
  };

  void finish(const std::string& host, const Result<Addresses>& answer);

  boost::asio::ip::tcp::resolver resolver_;
  std::map<std::string, Answer> answers_;  // as many as the configuration has hosts
  std::map<std::string, std::vector<Done>> waiting_;
};

}  // namespace shunt::http
