#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "shunt/http/client.hpp"
#include "shunt/site/namespace.hpp"

namespace shunt::site {

// One small question to a server that a service needs beside those of its models.
struct ServerQuestion {
  std::string method = "GET";
  std::string url{};                   // whole
  std::vector<std::string> headers{};  // "Name: value"
  std::optional<std::string> body{};
  std::optional<std::string> proxy = "";  // as in http::ClientRequest
  http::MayConnect may_connect{};         // none = anywhere
  std::chrono::milliseconds connect_within{2'000};
  std::chrono::milliseconds answer_within{4'000};
};

struct ServerAnswer {
  http::TransferEnd end;
  int status = 0;            // 0: there was no answer
  std::string body;          // its beginning, kMostOfAnswer at most
  bool not_allowed = false;  // an address that may_connect has refused, so that nothing was connected to
};
inline constexpr std::size_t kMostOfAnswer = 4'096;

// Blocks for answer_within at most, whatever the server does, on a connection of its own. What comes beyond
// kMostOfAnswer ends the transfer: the answer is complete all the same, since its head has come.
[[nodiscard]] ServerAnswer ask_server(ServerQuestion question);

}  // namespace shunt::site
