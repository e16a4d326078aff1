#include "doctor/unanswered.hpp"

#include <utility>

#include "doctor/finding_made.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::site {
namespace {

using How = http::TransferEnd::How;
using Obstacle = http::TransferEnd::Obstacle;

std::string advice_on(Obstacle obstacle, const std::string& setting) {
  switch (obstacle) {
    case Obstacle::kName:
      return "Look at the name in " + setting + ", and whether this machine can look it up.";
    case Obstacle::kRefused:
      return "Start that server, or look at the port in " + setting + '.';
    case Obstacle::kTls:
      return "Its certificate must be of an authority that this system trusts, and for that name; a server "
             "without TLS wants http:// in " +
             setting + '.';
    case Obstacle::kNone:
    case Obstacle::kOther:
      break;
  }
  return "Look at " + setting + ", and at that server's log.";
}

}  // namespace

Finding unanswered(std::string name, const std::string& server, const http::TransferEnd& end,
                   const std::string& setting) {
  const std::string reason = displayable(excerpt(end.reason));
  switch (end.how) {
    case How::kNotConnected:
      return problem(std::move(name), server + " cannot be reached: " + reason,
                     advice_on(end.obstacle, setting));
    case How::kConnectTimedOut:
      return problem(std::move(name), server + " gave no connection in time",
                     "Look for a firewall between here and there, and at the address in " + setting + '.');
    case How::kTimedOut:
      return problem(std::move(name), server + " takes connections and says nothing",
                     "Look at that server's log: it hangs, or is busy beyond measure.");
    case How::kTooLarge:
    case How::kComplete:
    case How::kBroken:
    case How::kStopped:
      break;
  }
  return problem(
      std::move(name), server + " gave no answer of HTTP: " + reason,
      "Look at " + setting + ": https:// where the server has TLS, and a server's port behind the name.");
}

}  // namespace shunt::site
