#include "representation/given_message_files.hpp"

#include <set>
#include <string_view>
#include <utility>

#include "representation/held_file.hpp"

namespace shunt::api {

std::string GivenMessageFiles::place_of(std::size_t index) const {
  return index < places.size() ? places[index] : named[index].pointer();
}

Result<GivenMessageFiles> read_message_files(const Model& model, const Json& input,
                                             std::vector<std::string> places) {
  if (!takes_message_files(model)) return GivenMessageFiles{};
  auto named = message_files(input);
  if (!named) return std::move(named).error();
  return GivenMessageFiles{.named = std::move(*named), .places = std::move(places)};
}

Result<void> hold_message_files(FileStore& store, const GivenMessageFiles& given, const FileUse& use,
                                InputFiles& files) {
  for (std::size_t i = 0; i < given.named.size(); ++i) {
    const std::string& id = given.named[i].id;
    if (files.contains(id)) continue;
    auto held = hold_file(store, id, use);
    if (!held) return std::move(held).error();
    if (!*held) return unknown_message_file(given.place_of(i), id);
    files.emplace(id, std::move(**held));
  }
  return {};
}

Result<void> check_message_files(const Model& model, const GivenMessageFiles& given,
                                 const GenerationRequest& request) {
  if (given.named.empty()) return {};
  auto checked = model.generator->check_message_files(request.input, request.files);
  if (checked) return checked;
  Error error = std::move(checked).error();
  const Json* const field = error.details.if_contains("field");
  if (field == nullptr || !field->is_string()) return error;
  const std::string pointer(field->get_string());
  for (std::size_t i = 0; i < given.named.size(); ++i) {
    if (pointer == given.named[i].pointer()) return std::move(error).with("field", given.place_of(i));
  }
  return error;
}

std::string first_beyond(const GivenMessageFiles& given, std::size_t most) {
  std::set<std::string_view> different;
  for (std::size_t i = 0; i < given.named.size(); ++i) {
    if (different.insert(given.named[i].id).second && different.size() > most) return given.place_of(i);
  }
  return {};
}

}  // namespace shunt::api
