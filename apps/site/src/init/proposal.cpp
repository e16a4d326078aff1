#include "shunt/site/proposal.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "shunt/base/display_text.hpp"
#include "shunt/http/url.hpp"

namespace shunt::site {
namespace {

constexpr std::size_t kMostOfAServer = 20;  // an Ollama may have hundreds; the rest is for the reader to add
constexpr std::size_t kLongestName = 100;
constexpr std::uint16_t kFirstPort = 8080;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == ':' || c == '-';
}

bool embeds(std::string_view model) {
  std::string lower(model);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return lower.find("embed") != std::string::npos || lower.find("bge-") != std::string::npos;
}

// Gives each model a name that no other one has.
class Names {
 public:
  std::string take(const std::string& wanted) {
    std::string name = wanted;
    for (int number = 2; !taken_.insert(name).second; ++number) name = wanted + '-' + std::to_string(number);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

void add_server(const FoundServer& server, Names& names, std::vector<ProposedModel>& to) {
  const std::size_t count = std::min(server.models.size(), kMostOfAServer);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& theirs = server.models[i];
    ProposedModel model;
    model.name = names.take(model_name_of(theirs));
    model.use = embeds(theirs) ? ModelUse::kEmbeddings : ModelUse::kChat;
    model.server = server.kind;
    model.base_url = server.base_url;
    model.upstream_model = theirs;
    to.push_back(std::move(model));
  }
}

bool needs_weights(ProgramKind kind) {
  return kind == ProgramKind::kWhisper || kind == ProgramKind::kPiper;
}

// Servers become models once they run.
bool is_server(ProgramKind kind) {
  return kind == ProgramKind::kLlamaServer || kind == ProgramKind::kOllama || kind == ProgramKind::kVllm;
}

bool serves_now(const Found& found, ProgramKind kind) {
  const ServerKind wanted = kind == ProgramKind::kLlamaServer ? ServerKind::kLlamaCpp
                            : kind == ProgramKind::kOllama    ? ServerKind::kOllama
                                                              : ServerKind::kVllm;
  return std::ranges::any_of(found.servers, [wanted](const FoundServer& each) {
    return each.kind == wanted && !each.models.empty();
  });
}

struct Named {
  const char* name;
  ModelUse use;
};

Named model_of(ProgramKind kind) {
  if (kind == ProgramKind::kWhisper) return {"transcription", ModelUse::kTranscription};
  if (kind == ProgramKind::kFfmpeg) return {"wav", ModelUse::kConversion};
  if (kind == ProgramKind::kPiper) return {"voice", ModelUse::kSpeech};
  return {"speech", ModelUse::kSpeech};
}

void add_program(const FoundProgram& program, Names& names, std::vector<ProposedModel>& to) {
  if (is_server(program.kind)) return;
  if (needs_weights(program.kind) && program.weights.empty()) return;
  const Named named = model_of(program.kind);
  ProposedModel model;
  model.name = names.take(named.name);
  model.use = named.use;
  model.program = program.kind;
  model.path = program.path;
  model.weights = program.weights;
  to.push_back(std::move(model));
}

ProposedModel simulator() {
  ProposedModel model;
  model.name = "simulator";
  model.use = ModelUse::kRehearsal;
  return model;
}

Error wrong(std::string message) {
  return {"invalid_argument", std::move(message)};
}

std::string names_of(const std::vector<ProposedModel>& models) {
  std::string names;
  for (const ProposedModel& model : models) names.append(names.empty() ? "" : ", ").append(model.name);
  return names;
}

Result<ProposedModel> server_by_hand(std::string_view name, std::string_view address) {
  const std::size_t hash = address.find('#');
  ProposedModel model;
  model.name = model_name_of(name);
  if (model.name != name)
    return wrong("--model " + excerpt(name) + ": a name is of A-Z a-z 0-9 . _ : -, as in chat");
  model.base_url = address.substr(0, hash);
  const auto url = http::parse_url(model.base_url);
  const bool usable = url && (url->scheme == "http" || url->scheme == "https") && !url->has_login &&
                      !url->has_query && is_displayable(address) && address.size() <= 2'048;
  if (!usable)
    return wrong("--model " + std::string(name) +
                 ": expected an http or https address without user, password and query, as in "
                 "chat=http://127.0.0.1:8000/v1#llama-3.1-8b");
  model.upstream_model = hash == std::string_view::npos ? "default" : address.substr(hash + 1);
  if (model.upstream_model.empty())
    return wrong("--model " + std::string(name) + ": nothing stands behind #");
  model.use = embeds(model.upstream_model) ? ModelUse::kEmbeddings : ModelUse::kChat;
  return model;
}

}  // namespace

std::string_view model_use_name(ModelUse use) noexcept {
  switch (use) {
    case ModelUse::kChat:
      return "chat";
    case ModelUse::kEmbeddings:
      return "embeddings";
    case ModelUse::kSpeech:
      return "speech";
    case ModelUse::kTranscription:
      return "transcription";
    case ModelUse::kConversion:
      return "conversion";
    case ModelUse::kRehearsal:
      break;
  }
  return "rehearsal";
}

std::string origin_of(const ProposedModel& model) {
  if (model.is_program()) return model.weights.empty() ? model.path : model.path + " with " + model.weights;
  if (model.base_url.empty()) return "plays the timing of a model";
  return model.upstream_model + " of " + std::string(server_kind_name(model.server)) + " at " +
         model.base_url;
}

std::string model_name_of(std::string_view foreign) {
  if (foreign.ends_with(":latest")) foreign.remove_suffix(7);
  if (foreign.ends_with(".gguf")) foreign.remove_suffix(5);
  foreign = foreign.substr(foreign.find_last_of('/') + 1);
  std::string name;
  for (const char c : foreign.substr(0, kLongestName)) name += is_name_character(c) ? c : '-';
  return name.empty() ? "model" : name;
}

std::vector<ProposedModel> propose_models(const Found& found) {
  std::vector<ProposedModel> models;
  Names names;
  for (const FoundServer& server : found.servers) add_server(server, names, models);
  for (const FoundProgram& program : found.programs) add_program(program, names, models);
  if (models.empty()) models.push_back(simulator());
  return models;
}

std::vector<FoundProgram> programs_that_wait(const Found& found) {
  std::vector<FoundProgram> waiting;
  for (const FoundProgram& program : found.programs) {
    const bool idle = is_server(program.kind) && !serves_now(found, program.kind);
    if (idle || (needs_weights(program.kind) && program.weights.empty())) waiting.push_back(program);
  }
  return waiting;
}

Result<ProposedModel> wished_model(std::string_view wish, const std::vector<ProposedModel>& proposed) {
  const std::size_t equals = wish.find('=');
  if (equals != std::string_view::npos)
    return server_by_hand(wish.substr(0, equals), wish.substr(equals + 1));
  if (wish == "simulator") return simulator();
  const auto found = std::ranges::find(proposed, wish, &ProposedModel::name);
  if (found != proposed.end()) return *found;
  return wrong("--model " + excerpt(wish) + ": there is no such model here; there are " + names_of(proposed) +
               " and simulator. A server elsewhere is given as NAME=URL#MODEL");
}

std::string free_listen_address(const Found& found) {
  std::uint16_t port = kFirstPort;
  while (std::ranges::find(found.busy_ports, port) != found.busy_ports.end()) ++port;
  return "127.0.0.1:" + std::to_string(port);
}

}  // namespace shunt::site
