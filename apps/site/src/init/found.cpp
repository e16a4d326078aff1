#include "shunt/site/found.hpp"

#include <string_view>

namespace shunt::site {

std::string_view server_kind_name(ServerKind kind) noexcept {
  switch (kind) {
    case ServerKind::kLlamaCpp:
      return "llama.cpp";
    case ServerKind::kVllm:
      return "vLLM";
    case ServerKind::kOllama:
      return "Ollama";
    case ServerKind::kOther:
      break;
  }
  return "a server";
}

std::string_view program_kind_name(ProgramKind kind) noexcept {
  switch (kind) {
    case ProgramKind::kLlamaServer:
      return "llama-server";
    case ProgramKind::kOllama:
      return "ollama";
    case ProgramKind::kVllm:
      return "vllm";
    case ProgramKind::kWhisper:
      return "whisper-cli";
    case ProgramKind::kPiper:
      return "piper";
    case ProgramKind::kEspeak:
      return "espeak-ng";
    case ProgramKind::kFfmpeg:
      break;
  }
  return "ffmpeg";
}

ServerKind kind_of_server(std::string_view owner, std::uint16_t port) noexcept {
  constexpr std::uint16_t kOllamaPort = 11434;
  if (owner == "llamacpp") return ServerKind::kLlamaCpp;
  if (owner == "vllm") return ServerKind::kVllm;
  // Ollama calls the owner of a model what stands before the slash of its name, or this.
  if (owner == "library" || port == kOllamaPort) return ServerKind::kOllama;
  return ServerKind::kOther;
}

}  // namespace shunt::site
