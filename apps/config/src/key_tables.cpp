#include "key_tables.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include "settings_table.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

// By its name where it has one, else by its place.
std::string label(const Table& table, std::size_t index) {
  const auto name = std::ranges::find(table, "name", &Entry::key);
  if (name != table.end()) {
    if (const auto* text = std::get_if<std::string>(&name->node.value); text != nullptr && !text->empty()) {
      return "server.keys." + key_text(*text);
    }
  }
  return "server.keys[" + std::to_string(index) + ']';
}

// What a secret's file holds: the hash, and perhaps the end of a line.
std::optional<std::string> read_hash(const std::string& path) {
  constexpr std::size_t kMaxBytes = 256;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.gcount() == 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  text.erase(text.find_last_not_of(" \r\n") + 1);
  return text;
}

// Takes the hash from the file that the key names.
void read_hash_file(LoadedKey& made, const std::string& source, Problems& problems) {
  const std::string setting = made.group.prefix + "sha256";
  const std::string& path = made.key.sha256_file;
  if (path.empty()) {
    problems.add(
        source, setting,
        "is missing; it must be " + kind::Sha256{}.allowed() + ", or sha256_file names a file of it");
    return;
  }
  if (!made.key.sha256_hex.empty()) {
    problems.add(source, setting, "and sha256_file cannot both be given: which is the key's?");
    return;
  }
  const auto text = read_hash(path);
  if (!text) {
    problems.add(source, setting + "_file",
                 "names " + in_quotes(path) + ", which cannot be read or is empty");
    return;
  }
  auto hash = kind::Sha256{}.read(Node{*text, path});
  if (!hash) {
    problems.add(source, setting + "_file",
                 "names " + in_quotes(path) + ", which must hold " + kind::Sha256{}.allowed());
    return;
  }
  made.key.sha256_hex = std::move(*hash);
}

// The last key against those before it.
void check_against_earlier(const std::deque<LoadedKey>& keys, const std::string& source, Problems& problems) {
  const LoadedKey& made = keys.back();
  for (const LoadedKey& other : keys) {
    if (&other == &made) return;
    if (!made.key.name.empty() && other.key.name == made.key.name) {
      problems.add(source, made.group.prefix + "name", "is taken by an earlier key");
    }
    if (!made.key.sha256_hex.empty() && other.key.sha256_hex == made.key.sha256_hex) {
      problems.add(source, made.group.prefix + "sha256",
                   "is that of the key " + in_quotes(other.key.name) + " already");
    }
  }
}

}  // namespace

std::deque<LoadedKey> read_keys(const Node& given, Problems& problems) {
  std::deque<LoadedKey> keys;
  const auto* list = std::get_if<List>(&given.value);
  if (list == nullptr) {
    problems.add(given.source, "server.keys", "must be [[server.keys]] tables; got " + show(given));
    return keys;
  }
  for (std::size_t index = 0; index < list->size(); ++index) {
    const Node& node = (*list)[index];
    const auto* table = std::get_if<Table>(&node.value);
    if (table == nullptr) {
      problems.add(node.source, "server.keys[" + std::to_string(index) + ']',
                   "must be a table; got " + show(node));
      continue;
    }
    LoadedKey& made = keys.emplace_back();
    made.group.prefix = label(*table, index) + '.';
    bind(key_settings(), made.key, made.group.settings);
    fill(made.group, *table, node.source, problems);
    if (std::ranges::find(*table, "sha256", &Entry::key) == table->end() || !made.key.sha256_file.empty()) {
      read_hash_file(made, node.source, problems);
    }
    check_against_earlier(keys, node.source, problems);
  }
  return keys;
}

}  // namespace shunt::config
