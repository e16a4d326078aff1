#include "key_tables.hpp"

#include <algorithm>

#include "settings_table.hpp"

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
    check_against_earlier(keys, node.source, problems);
  }
  return keys;
}

}  // namespace shunt::config
