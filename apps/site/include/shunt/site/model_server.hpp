#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/http/client.hpp"
#include "shunt/site/namespace.hpp"

namespace shunt::site {

// What a list of models says, as OpenAI's GET /v1/models has it.
struct ListedModels {
  std::vector<std::string> ids;  // at most kMostListed; those that no person could read are left out
  std::string owner;             // owned_by of the first one, "" without
};
inline constexpr std::size_t kMostListed = 200;
inline constexpr std::size_t kLongestId = 256;

// Nothing: it is no such list. Pure; any bytes will do, for the server may be anything.
[[nodiscard]] std::optional<ListedModels> read_models_list(std::string_view body);

// A server that is asked for its models.
struct ModelsQuestion {
  std::string url;                   // whole, as in http://127.0.0.1:8000/v1/models
  std::vector<std::string> headers;  // "Name: value"
  std::string proxy;
  std::chrono::milliseconds connect_within{1'000};
  std::chrono::milliseconds answer_within{2'000};
};

struct ModelsAnswer {
  http::TransferEnd end;
  int status = 0;                      // 0: there was no answer
  std::optional<ListedModels> models;  // of a 200 that is such a list
};

// Blocks for answer_within at most, whatever the server does, and reads 8 MiB at most.
[[nodiscard]] ModelsAnswer ask_for_models(const ModelsQuestion& question);

}  // namespace shunt::site
