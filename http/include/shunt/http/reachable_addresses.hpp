#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

class AddressRange;

// To which addresses a request may connect whose server a stranger has named: the public ones, and the ranges
// that the configuration lists. The client asks about the very address that it connects to
// (ClientRequest::reachable), so a name cannot lead elsewhere after it has been looked at. Immutable; copies
// share the ranges. Any thread.
class ReachableAddresses {
 public:
  // `also`: addresses and ranges as is_address_range knows them; others are passed over.
  explicit ReachableAddresses(const std::vector<std::string>& also = {});

  // What an address is for that must not be connected to ("loopback", "private", ...). nullopt: it may be,
  // or the text is no address.
  [[nodiscard]] std::optional<std::string_view> refusal_of(std::string_view address) const;

 private:
  std::shared_ptr<const std::vector<AddressRange>> also_;
};

}  // namespace shunt::http
