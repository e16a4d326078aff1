#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string_view>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// The address that the whole text is, in numbers; nullopt: it is a name, or nothing of the kind. A zone
// ("%eth0") belongs to it.
[[nodiscard]] std::optional<boost::asio::ip::address> numeric_address(std::string_view text);

}  // namespace shunt::http
