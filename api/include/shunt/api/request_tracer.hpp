#pragma once

#include <memory>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/executor/generation_executor.hpp"

namespace shunt::api {

// One request that asks for a generation, as a trace records it. Destroying it records it. Thread of the
// request's loop.
class RequestTrace {
 public:
  virtual ~RequestTrace() = default;

  // What became of the submit.
  virtual void submitted(const executor::SubmitOutcome& outcome) = 0;
  // The response's last byte is on its way. Without this call the client has left before.
  virtual void answered(int status) = 0;
};

// Told of every request that is about to be submitted. Called from any thread; must be quick. Outlives the
// server.
class RequestTracer {
 public:
  virtual ~RequestTracer() = default;

  // `request.context` holds what the client sent; what is in it afterwards travels with the generation.
  // nullptr: this request is not recorded.
  [[nodiscard]] virtual std::unique_ptr<RequestTrace> begin(std::string_view method, std::string_view route,
                                                            GenerationRequest& request) = 0;
};

}  // namespace shunt::api
