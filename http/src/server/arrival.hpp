#pragma once

#include <boost/asio/ip/address.hpp>

#include "shunt/base/memory_budget.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/server/connection_count.hpp"

namespace shunt::http {

// What is known of a connection when it is accepted.
struct Arrival {
  boost::asio::ip::address peer{};  // who is at the other end, or a proxy; unspecified where nobody asks
  AddressCounts::Slot slot{};       // until it shows a valid key
  bool probes_only = false;         // beyond the limit of connections
  MemoryReservation memory{};       // what every connection takes
};

}  // namespace shunt::http
