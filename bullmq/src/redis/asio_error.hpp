#pragma once

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "bullmq/error.hpp"

namespace bullmq::detail {

// What Asio throws into a wait that is cancelled, or that it cannot begin, as bullmq/error.hpp promises it.
[[noreturn]] inline void throw_documented(const boost::system::system_error& error) {
  if (error.code() == boost::asio::error::operation_aborted) throw CancelledError(Fate::unknown);
  throw ConnectionError(Fate::unknown, error.code().message());
}

}  // namespace bullmq::detail
