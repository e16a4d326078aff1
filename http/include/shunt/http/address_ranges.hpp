#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// Addresses that an operator lists: "10.1.2.3", "10.0.0.0/8", "fd00::/8". Cheap to copy; any thread.
class AddressRanges {
 public:
  // Whether a text is such a range. The bits behind its prefix must be 0.
  [[nodiscard]] static bool is_range(std::string_view text);

  AddressRanges() = default;
  // Precondition: each is a range.
  explicit AddressRanges(std::vector<std::string> ranges) : ranges_(std::move(ranges)) {}

  [[nodiscard]] bool contains(const std::string& address) const;

 private:
  std::vector<std::string> ranges_;
};

// Whether a server that a stranger names may be spoken to at this address: a public one, or one that is
// listed. False for what is no address. An address that stands for an IPv4 one (mapped, NAT64) is none of
// both unless it is listed as it is.
[[nodiscard]] bool may_be_reached(const std::string& address, const AddressRanges& listed);

}  // namespace shunt::http
