#include "upstream_tables.hpp"

#include "settings_table.hpp"

namespace shunt::config {

std::deque<LoadedUpstream> read_upstreams(const Node& given, const std::string& prefix, Problems& problems) {
  std::deque<LoadedUpstream> upstreams;
  const auto* list = std::get_if<List>(&given.value);
  if (list == nullptr || list->empty()) {
    problems.add(given.source, prefix + "upstreams",
                 "must be [[" + prefix + "upstreams]] tables, one a server; got " + show(given));
    return upstreams;
  }
  for (std::size_t index = 0; index < list->size(); ++index) {
    const Node& node = (*list)[index];
    const std::string place = prefix + "upstreams[" + std::to_string(index) + ']';
    const auto* table = std::get_if<Table>(&node.value);
    if (table == nullptr) {
      problems.add(node.source, place, "must be a table; got " + show(node));
      continue;
    }
    LoadedUpstream& made = upstreams.emplace_back();
    made.group.prefix = place + '.';
    bind(upstream_settings(), made.upstream, made.group.settings);
    fill(made.group, *table, node.source, problems);
  }
  return upstreams;
}

}  // namespace shunt::config
