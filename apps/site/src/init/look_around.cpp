#include "shunt/site/look_around.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <future>
#include <string_view>
#include <system_error>

#include "shunt/base/display_text.hpp"
#include "shunt/site/model_server.hpp"

namespace shunt::site {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOwn = "shunt";  // what Shunt itself says of its models
constexpr std::uint16_t kFirstOwnPort = 8080;
constexpr std::uint16_t kLastOwnPort = 8099;

struct Sought {
  ProgramKind kind;
  std::array<std::string_view, 2> names;  // the newer one first
};
constexpr std::array<Sought, 7> kSought{{{ProgramKind::kLlamaServer, {"llama-server", ""}},
                                         {ProgramKind::kOllama, {"ollama", ""}},
                                         {ProgramKind::kVllm, {"vllm", ""}},
                                         {ProgramKind::kWhisper, {"whisper-cli", "whisper-cpp"}},
                                         {ProgramKind::kPiper, {"piper", ""}},
                                         {ProgramKind::kEspeak, {"espeak-ng", ""}},
                                         {ProgramKind::kFfmpeg, {"ffmpeg", ""}}}};

std::optional<FoundServer> ask(std::uint16_t port, std::chrono::milliseconds within) {
  FoundServer server;
  server.base_url = "http://127.0.0.1:" + std::to_string(port) + "/v1";
  ModelsQuestion question;
  question.url = server.base_url + "/models";
  question.connect_within = within;
  question.answer_within = within;
  auto answer = ask_for_models(question);
  if (!answer.models || answer.models->owner == kOwn) return std::nullopt;
  server.kind = kind_of_server(answer.models->owner, port);
  server.models = std::move(answer.models->ids);
  return server;
}

std::vector<FoundServer> ask_all(const LookAroundOptions& options) {
  std::vector<std::future<std::optional<FoundServer>>> asked;
  for (const std::uint16_t port : options.ports)
    asked.push_back(std::async(std::launch::async, ask, port, options.within));
  std::vector<FoundServer> found;
  for (auto& each : asked) {
    if (auto server = each.get()) found.push_back(std::move(*server));
  }
  return found;
}

bool may_run(const fs::path& path) {
  std::error_code failure;
  return fs::is_regular_file(path, failure) && ::access(path.c_str(), X_OK) == 0 &&
         is_displayable(path.native());
}

std::string find_in(std::string_view folders, std::string_view name) {
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    const fs::path folder(folders.substr(0, end));
    folders.remove_prefix(std::min(end + 1, folders.size()));
    // A relative one means another folder once Shunt runs as a service.
    if (!folder.is_absolute()) continue;
    if (const fs::path path = folder / name; may_run(path)) return path.string();
  }
  return {};
}

// The first file, by name, in these folders or the folders in them. Looks at so many entries at most.
std::string find_weights(const std::vector<std::string>& folders, std::string_view beginning,
                         std::string_view ending) {
  constexpr int kMostEntries = 2'000;
  constexpr int kDeepest = 4;
  int looked_at = 0;
  for (const std::string& folder : folders) {
    std::string first;
    std::error_code failure;
    fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, failure);
    for (; !failure && entry != fs::recursive_directory_iterator() && looked_at < kMostEntries;
         entry.increment(failure), ++looked_at) {
      if (entry.depth() >= kDeepest) entry.disable_recursion_pending();
      const std::string name = entry->path().filename().string();
      std::error_code gone;
      const bool fits = name.starts_with(beginning) && name.ends_with(ending) && entry->is_regular_file(gone);
      const std::string path = entry->path().string();
      if (fits && is_displayable(path) && (first.empty() || path < first)) first = path;
    }
    if (!first.empty()) return first;
  }
  return {};
}

std::string weights_of(ProgramKind kind, const LookAroundOptions& options) {
  if (kind == ProgramKind::kWhisper)
    return options.whisper_model.value_or(find_weights(options.weight_folders, "ggml-", ".bin"));
  if (kind == ProgramKind::kPiper)
    return options.piper_voice.value_or(find_weights(options.weight_folders, "", ".onnx"));
  return {};
}

std::vector<FoundProgram> find_programs(const LookAroundOptions& options) {
  std::vector<FoundProgram> found;
  for (const Sought& sought : kSought) {
    for (const std::string_view name : sought.names) {
      std::string path = name.empty() ? "" : find_in(options.path, name);
      if (path.empty()) continue;
      found.push_back({sought.kind, std::move(path), weights_of(sought.kind, options)});
      break;
    }
  }
  return found;
}

bool is_busy(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool busy = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
  ::close(socket);
  return busy;
}

}  // namespace

std::vector<std::string> usual_weight_folders(const std::string& home) {
  std::vector<std::string> folders{"/usr/local/share/whisper.cpp",  "/usr/share/whisper.cpp",
                                   "/usr/local/share/piper-voices", "/usr/share/piper-voices",
                                   "/opt/whisper.cpp/models",       "/opt/piper"};
  if (!home.empty()) {
    folders.push_back(home + "/whisper.cpp/models");
    folders.push_back(home + "/.local/share/piper");
  }
  return folders;
}

Found look_around(const LookAroundOptions& options) {
  Found found;
  found.servers = ask_all(options);
  found.programs = find_programs(options);
  for (std::uint16_t port = kFirstOwnPort; port <= kLastOwnPort; ++port) {
    if (is_busy(port)) found.busy_ports.push_back(port);
  }
  return found;
}

}  // namespace shunt::site
