#include "config_place.hpp"

#include <algorithm>

namespace shunt::app {

std::string place_named_by(std::string_view message, const config::Loaded& loaded, const std::string& table) {
  std::string_view word = message.substr(0, message.find(' '));
  if (word.ends_with(':')) word.remove_suffix(1);
  if (word.empty()) return "";
  const auto found = std::ranges::find(loaded.explained, table + std::string(word), &config::Explained::name);
  return found == loaded.explained.end() || found->source == "default" ? "" : found->source;
}

Error placed(Error error, const config::Loaded& loaded) {
  const std::string place = error.code == "keys_required" ? place_named_by("server.listen", loaded)
                                                          : place_named_by(error.message, loaded);
  if (!place.empty()) error.message.insert(0, place + ": ");
  return error;
}

}  // namespace shunt::app
