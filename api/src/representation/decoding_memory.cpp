#include "representation/decoding_memory.hpp"

#include <cstdint>
#include <string>

#include "representation/problem.hpp"
#include "shunt/base/json_memory.hpp"

namespace shunt::api {
namespace {

// Of what is made of an object: a message, a part of one, a tool or a call of one. Measured with the smallest
// of each kind, of which 1 MiB has thirty to sixty thousand.
constexpr std::size_t kTranslatedObject = 1024;

// A conversation that another API keeps with a request is listed with ids, read as if it had been sent,
// stored with the new request, and its input is made of it.
constexpr std::size_t kMadeOfStored = 4;

}  // namespace

std::size_t decoding_memory(std::string_view body, Decoding how) {
  // The body is there as values, as the envelope's text, and as the values of that.
  const std::size_t bytes = 2 * json_parse_memory(body);
  return how == Decoding::kAsItIs ? bytes : bytes + json_object_count(body) * kTranslatedObject;
}

std::size_t held_request_memory(const GenerationRequest& request) noexcept {
  return json_memory(request.input) + json_memory(request.context.dialect);
}

std::size_t stored_request_memory(const GenerationRequest& request) {
  return kMadeOfStored * json_memory(request.context.dialect);
}

Error too_large_to_decode(std::string_view what, std::size_t bytes, std::size_t capacity) {
  Error error{problem_code::kBodyTooLarge, "decoding " + std::string(what) + " may take " +
                                               std::to_string(bytes) + " bytes, and there are " +
                                               std::to_string(capacity) +
                                               " for all requests (a share of memory.limit)"};
  return std::move(error)
      .with("limit", static_cast<std::uint64_t>(capacity))
      .with("received", static_cast<std::uint64_t>(bytes));
}

}  // namespace shunt::api
