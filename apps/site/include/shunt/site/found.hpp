#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shunt/site/namespace.hpp"

namespace shunt::site {

enum class ServerKind { kLlamaCpp, kVllm, kOllama, kOther };
[[nodiscard]] std::string_view server_kind_name(ServerKind kind) noexcept;  // "llama.cpp"

// A server that answered GET {base_url}/models.
struct FoundServer {
  ServerKind kind = ServerKind::kOther;
  std::string base_url;             // "http://127.0.0.1:11434/v1"
  std::vector<std::string> models;  // as it calls them
};

enum class ProgramKind { kLlamaServer, kOllama, kVllm, kWhisper, kPiper, kEspeak, kFfmpeg };
[[nodiscard]] std::string_view program_kind_name(ProgramKind kind) noexcept;  // "espeak-ng"

// A program that this user may run.
struct FoundProgram {
  ProgramKind kind = ProgramKind::kEspeak;
  std::string path;
  std::string weights;  // the model or voice that it needs, where one was found; "" without
};

// What generators there are on a machine.
struct Found {
  std::vector<FoundServer> servers;
  std::vector<FoundProgram> programs;
  std::vector<std::uint16_t> busy_ports;  // of those that Shunt would listen on
};

// Whose server an answer comes from: by what it says of its models, else by its port.
[[nodiscard]] ServerKind kind_of_server(std::string_view owner, std::uint16_t port) noexcept;

}  // namespace shunt::site
