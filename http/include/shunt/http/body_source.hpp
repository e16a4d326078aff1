#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// A body that is read while it is sent, such as a file's, so that it need not be in memory: any part of it,
// and the same part again, since libcurl begins anew where a kept connection proved dead.
struct BodySource {
  std::uint64_t size = 0;
  // Fills a part of `room`, from `offset` on, and says how many bytes that are; 0 before the end: it cannot
  // be read, and the transfer ends. Called from inside libcurl, on the transfer's thread.
  std::function<std::size_t(std::uint64_t offset, char* room, std::size_t length)> read;
};

}  // namespace shunt::http
