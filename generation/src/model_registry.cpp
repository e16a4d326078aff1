#include "shunt/generation/model_registry.hpp"

#include <algorithm>
#include <map>

namespace shunt::generation {
namespace {

bool is_valid_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:/-").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, allowed);
}

}  // namespace

void fill_defaults(const Model& model, Json& input) {
  model.input_rules.fill_defaults(input);
}

Result<void> check_input(const Model& model, const GenerationRequest& request) {
  if (auto checked = model.input_rules.check(request.input, request.files); !checked) return checked;
  if (request.files.empty()) return model.generator->check_input(request.input);
  // Where a file will be is not known yet; that there is one is.
  std::map<std::string, std::string> places;
  for (const auto& [member, file] : request.files) places.emplace(member, "/file");
  return model.generator->check_input(input_with_files(request, places));
}

Result<void> ModelRegistry::add(Model model) {
  if (!is_valid_name(model.name)) {
    return invalid_field("/name",
                         "a model's name is 1 to 128 of A-Z a-z 0-9 . _ : / -, got \"" + model.name + '"');
  }
  std::string name = model.name;
  if (!models_.emplace(name, std::move(model)).second) {
    return invalid_field("/name", "there is a model \"" + name + "\" already");
  }
  return {};
}

const Model* ModelRegistry::find(std::string_view name) const {
  const auto found = models_.find(name);
  return found == models_.end() ? nullptr : &found->second;
}

}  // namespace shunt::generation
