#include "dialects/openai/openai_dialect.hpp"

#include <array>

#include "dialects/openai/openai_error.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr std::array<std::string_view, 2> kPrefixes{"/v1", "/openai/v1"};
constexpr std::array<std::string_view, 2> kShared{"/models", "/files"};

}  // namespace

Dialect dialect() {
  return {.name = "openai",
          .prefixes = kPrefixes,
          .rows = {},
          .write_error = write_error,
          .shared = kShared,
          .write_shared_error = write_shared_error};
}

}  // namespace shunt::api::dialects::openai
