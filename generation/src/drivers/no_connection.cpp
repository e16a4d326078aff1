#include "drivers/no_connection.hpp"

#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

using Obstacle = http::TransferEnd::Obstacle;

std::string_view words_of(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::kName:
      return ": its name cannot be looked up";
    case Obstacle::kRefused:
      return ": it cannot be reached";
    case Obstacle::kTls:
      return ": TLS failed";
    case Obstacle::kNone:
    case Obstacle::kOther:
      break;
  }
  return "";
}

std::string with_address(std::string_view address, const http::TransferEnd& end) {
  std::string words(address);
  if (!end.reason.empty()) words += ": " + end.reason;
  return words;
}

}  // namespace

Error not_connected(std::string_view server, std::string_view address, const http::TransferEnd& end) {
  std::string message = "cannot connect to " + std::string(server);
  message += words_of(end.obstacle);
  return Error{error_code::kUpstreamUnreachable, std::move(message), Retryable::kYes}.with_internal(
      with_address(address, end));
}

Error left_unanswered(std::string_view server, std::string_view address, const http::TransferEnd& end) {
  return Error{error_code::kUpstreamBroken, std::string(server) + " closed the connection without an answer",
               Retryable::kYes}
      .with_internal(with_address(address, end));
}

}  // namespace shunt::generation
