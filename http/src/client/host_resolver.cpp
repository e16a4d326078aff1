#include "client/host_resolver.hpp"

#include <utility>

#include "text/numeric_address.hpp"

namespace shunt::http {

bool HostResolver::needs_lookup(const std::string& host) {
  return !numeric_address(host) && host != "localhost";
}

void HostResolver::resolve(const std::string& host, Done done) {
  const auto known = answers_.find(host);
  if (known != answers_.end() && std::chrono::steady_clock::now() < known->second.until) {
    return done(known->second.addresses);
  }
  const bool first = !waiting_.contains(host);
  waiting_[host].push_back(std::move(done));
  if (!first) return;
  resolver_.async_resolve(
      host, "", [this, host](const boost::system::error_code& failure, const Endpoints& endpoints) {
        if (failure) {
          return finish(host, Error{kUnresolvedHost,
                                    "the host name " + host + " cannot be resolved: " + failure.message(),
                                    Retryable::kYes});
        }
        Addresses addresses;
        for (const auto& entry : endpoints) {
          const auto address = entry.endpoint().address();
          addresses.push_back(address.is_v6() ? '[' + address.to_string() + ']' : address.to_string());
        }
        answers_[host] = {addresses, std::chrono::steady_clock::now() + kKeptFor};
        finish(host, addresses);
      });
}

void HostResolver::finish(const std::string& host, const Result<Addresses>& answer) {
  const auto waiting = waiting_.extract(host);
  for (const Done& done : waiting.mapped()) done(answer);
}

}  // namespace shunt::http
