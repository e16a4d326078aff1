#pragma once

#include <cstddef>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// What a server's transport counts. Called from every loop's thread, on the path of each read and write: must
// be quick. Outlives the server.
class ServerMetrics {
 public:
  virtual ~ServerMetrics() = default;

  virtual void connection_opened() = 0;
  virtual void connection_closed() = 0;
  // One was closed to make room for another.
  virtual void connection_shed() = 0;
  // An exception ended one: a broken invariant.
  virtual void connection_failed() = 0;
  virtual void received(std::size_t bytes) = 0;
  virtual void sent(std::size_t bytes) = 0;
};

}  // namespace shunt::http
