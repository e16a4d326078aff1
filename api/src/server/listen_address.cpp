#include "server/listen_address.hpp"

#include <boost/asio/ip/address.hpp>

namespace shunt::api {

Result<boost::asio::ip::tcp::endpoint> listen_endpoint(const HttpServerOptions& options, Surface surface) {
  boost::system::error_code failure;
  const auto address =
      boost::asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, failure);
  if (failure) {
    return Error{"invalid_listen_address",
                 "\"" + options.address +
                     "\" is not an IP address: use 127.0.0.1, 0.0.0.0, ::1, :: or another "
                     "address of this machine"};
  }
  if (surface == Surface::kAll && !address.is_loopback() && options.keys.empty() &&
      !options.allow_unauthenticated) {
    return Error{"keys_required",
                 "refusing to serve " + options.address +
                     ", which other machines can reach, without API keys: configure [[server.keys]], set "
                     "server.listen to 127.0.0.1, or set server.allow_unauthenticated to true"};
  }
  return boost::asio::ip::tcp::endpoint(address, options.port);
}

}  // namespace shunt::api
