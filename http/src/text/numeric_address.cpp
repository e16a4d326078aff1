#include "text/numeric_address.hpp"

#include <string>

namespace shunt::http {

std::optional<boost::asio::ip::address> numeric_address(std::string_view text) {
  // Where a text has one, Boost.Asio reads what is in front of it.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  boost::system::error_code failure;
  auto address = boost::asio::ip::make_address(std::string(text), failure);
  if (failure) return std::nullopt;
  return address;
}

}  // namespace shunt::http
