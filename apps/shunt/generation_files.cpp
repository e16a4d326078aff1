#include "generation_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"

namespace shunt::app {
namespace {

// As for a request over HTTP (docs/files.md).
constexpr std::chrono::minutes kHoldSlack{10};
// All of a store (file_store.hpp).
constexpr int kWholeStore = 256;

Error refused(std::string message) {
  return Error{"invalid_request", std::move(message)};
}

struct Given {
  std::string member;
  std::string path;
};

// MEMBER=@PATH
Result<Given> read_argument(const std::string& argument) {
  const std::size_t at = argument.find("=@");
  if (at == 0 || at == std::string::npos || at + 2 == argument.size()) {
    return refused("--file must be MEMBER=@PATH, as in image=@cat.png; got " + argument);
  }
  return Given{argument.substr(0, at), argument.substr(at + 2)};
}

Result<FileReference> store_file(FileStore& store, const Given& given, std::size_t max_bytes,
                                 const FileUse& use) {
  std::ifstream file(given.path, std::ios::binary);
  std::string piece(256UL * 1024, '\0');
  auto upload = store.begin_upload();
  if (!upload) return std::move(upload).error();
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto count = static_cast<std::size_t>(file.gcount());
    if (count == 0) break;
    if (auto added = (*upload)->append(std::string_view(piece).substr(0, count)); !added) {
      return std::move(added).error();
    }
    if ((*upload)->bytes() > max_bytes) {
      return refused(given.path + " has more than " + std::to_string(max_bytes) + " bytes (files.max_bytes)");
    }
  }
  if (!file.eof()) return refused("cannot read " + given.path + ": " + std::strerror(errno));
  const std::string name = to_valid_utf8(std::filesystem::path(given.path).filename().string());
  return store.hold(**upload, {.media_type = std::string(media_type_of_name(name)), .filename = name}, use);
}

}  // namespace

Result<InputFiles> give_files(const GenerateOptions& options, const config::Configuration& configuration,
                              const Model& model, FileStore* store) {
  InputFiles files;
  if (options.files.empty()) return files;
  const InputRules& rules = model.input_rules;
  if (store == nullptr) {
    return refused(
        "files.directory is empty, and neither $STATE_DIRECTORY, $XDG_STATE_HOME nor $HOME is set: "
        "where do files go?");
  }
  // Nothing else does where there is no service.
  for (int part = 0; part < kWholeStore; ++part) {
    if (auto expired = store->expire(system_clock().now()); !expired) return std::move(expired).error();
  }
  const auto retention = configuration.queue_enabled ? configuration.queue.retention : kHoldSlack;
  const WallTime now = system_clock().now();
  const FileUse use{.now = now,
                    .until = now + options.timeout.value_or(model.timeout) + retention + kHoldSlack};
  for (const std::string& argument : options.files) {
    const auto given = read_argument(argument);
    if (!given) return given.error();
    if (files.contains(given->member)) return refused("--file names " + given->member + " twice");
    const InputRule* const rule = rules.find(given->member);
    if (rule == nullptr || rule->type != InputRule::Type::kFile) {
      return refused("the model \"" + model.name + "\" takes no file " + given->member);
    }
    auto stored = store_file(*store, *given, configuration.server.files.max_bytes, use);
    if (!stored) return std::move(stored).error();
    files.emplace(given->member, std::move(*stored));
  }
  return files;
}

}  // namespace shunt::app
