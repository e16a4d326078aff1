#include "shunt/config/plan_file.hpp"

#include <cmath>
#include <utility>

#include "config_file.hpp"
#include "shunt/base/json.hpp"
#include "toml_reader.hpp"

namespace shunt::config {
namespace {

JsonObject object_of(const Table& table);

// The same value as JSON has it. What JSON has no form for becomes a text, which no member of a plan takes.
struct ToJson {
  Json operator()(bool value) const { return Json(value); }
  Json operator()(std::int64_t value) const { return Json(value); }
  Json operator()(double value) const { return std::isfinite(value) ? Json(value) : Json("no number"); }
  Json operator()(const std::string& value) const { return Json(value); }
  Json operator()(const Untyped& value) const { return Json(value.text); }
  Json operator()(const Moment& value) const { return Json(value.text); }
  Json operator()(const Table& table) const { return Json(object_of(table)); }
  Json operator()(const List& list) const {
    JsonArray array;
    for (const Node& entry : list) array.push_back(std::visit(*this, entry.value));
    return Json(std::move(array));
  }
};

JsonObject object_of(const Table& table) {
  JsonObject object;
  for (const Entry& entry : table) object.insert_or_assign(entry.key, std::visit(ToJson{}, entry.node.value));
  return object;
}

const Node* member_of(const Table& table, std::string_view key) {
  for (const Entry& entry : table) {
    if (entry.key == key) return &entry.node;
  }
  return nullptr;
}

// Where the member at a JSON pointer is, or what holds it if that is missing.
std::string source_of(const Table& plan, std::string_view pointer, const std::string& file) {
  std::string source = file;
  const Table* table = &plan;
  const List* list = nullptr;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view name = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(name.size());
    const Node* node = nullptr;
    if (table != nullptr) node = member_of(*table, name);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (std::to_string(i) == name) node = &(*list)[i];
    }
    if (node == nullptr) break;
    source = node->source;
    table = std::get_if<Table>(&node->value);
    list = std::get_if<List>(&node->value);
  }
  return source;
}

}  // namespace

Result<flip::Plan> read_plan(std::string_view text, const std::string& file) {
  const auto table = read_toml(text, file);
  if (!table) return table.error();
  auto plan = flip::parse_plan(object_of(*table));
  if (plan) return plan;
  Error error = plan.error();
  const Json* const field = error.details.if_contains("field");
  const std::string pointer = field != nullptr && field->is_string() ? std::string(field->get_string()) : "";
  error.message = source_of(*table, pointer, file) + ": " + error.message;
  return error;
}

Result<flip::Plan> load_plan(const std::string& path) {
  const auto file = read_config_file(path, "plan");
  if (!file) return file.error();
  return read_plan(file->text, file->name);
}

}  // namespace shunt::config
