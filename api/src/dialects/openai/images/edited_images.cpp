#include "dialects/openai/images/edited_images.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "shunt/base/display_text.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr std::string_view kImage = "image";
constexpr std::string_view kMask = "mask";

std::string member_of(const ServingModel& serving, std::string_view name) {
  const auto& members = serving.served->members;
  const auto found = members.find(name);
  return found == members.end() ? std::string(name) : found->second;
}

std::string nth_member(const std::string& first, std::size_t index) {
  return index == 0 ? first : first + '_' + std::to_string(index + 1);
}

bool takes_file(const Model& model, const std::string& member) {
  const auto& files = model.input_rules.files();
  return std::ranges::find(files, member) != files.end();
}

// How many of `count` images the model's rules have a member for.
std::size_t places(const Model& model, const std::string& first, std::size_t count) {
  std::size_t taken = 0;
  while (taken < count && takes_file(model, nth_member(first, taken))) ++taken;
  return taken;
}

Error too_many(std::string_view pointer, std::size_t most, std::size_t count) {
  return bad_member(pointer, "the model takes " + std::to_string(most) +
                                 " images at once (its rules of the type file), got " +
                                 std::to_string(count));
}

// The receiver of a form numbers the files of a list from 0, without a gap.
std::string nth_of_list(std::size_t index) {
  return std::string(kImage) + '[' + std::to_string(index) + ']';
}

std::size_t listed_in(const std::vector<std::string>& files) {
  std::size_t count = 0;
  while (std::ranges::find(files, nth_of_list(count)) != files.end()) ++count;
  return count;
}

// {"file_id"} or {"image_url"} as an input names a file.
Result<Json> named_file(const Json& reference, const std::string& at) {
  const JsonObject* const object = reference.if_object();
  const Json* const id = object == nullptr ? nullptr : object->if_contains("file_id");
  const Json* const url = object == nullptr ? nullptr : object->if_contains("image_url");
  if (object != nullptr && object->size() == 1) {
    if (id != nullptr && id->is_string()) return Json(JsonObject{{"file", *id}});
    if (url != nullptr && url->is_string()) return *url;
  }
  return bad_member(at, R"(an image must be {"file_id": "file-..."} or {"image_url": "data:..."})");
}

Result<void> name_images(const Json& images, const ServingModel& serving, JsonObject& named) {
  const JsonArray* const list = images.if_array();
  if (list == nullptr || list->empty()) return bad_member("/images", "images must be a list of images");
  const std::string first = member_of(serving, kImage);
  const std::size_t most = places(*serving.model, first, list->size());
  if (most < list->size()) return too_many("/images", most, list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto file = named_file((*list)[i], "/images/" + std::to_string(i));
    if (!file) return std::move(file).error();
    named.insert_or_assign(nth_member(first, i), std::move(*file));
  }
  return {};
}

}  // namespace

Result<EditedImages> images_of_form(const CallContext& context, const ServingModel& serving) {
  const auto& files = context.files;
  const std::size_t listed = listed_in(files);
  const bool single = std::ranges::find(files, kImage) != files.end();
  const std::string first = member_of(serving, kImage);
  EditedImages images;
  for (std::size_t i = 0; i < listed; ++i) images.file_members.emplace(nth_of_list(i), nth_member(first, i));
  if (single) images.file_members.emplace(kImage, first);
  images.file_members.emplace(kMask, member_of(serving, kMask));
  for (const std::string& name : files) {
    if (!images.file_members.contains(name))
      return not_done(excerpt(name), "a file of this name is not known");
  }
  if (single && listed > 0) return bad_member("/image", "image is given in two ways");
  if (!single && listed == 0)
    return bad_member("/image", "image must be a file of the form, with a filename");
  const std::size_t most = listed < 2 ? listed : places(*serving.model, first, listed);
  if (most < listed) return too_many("/image", most, listed);
  return images;
}

Result<EditedImages> images_of_json(JsonObject& body, const ServingModel& serving) {
  EditedImages images;
  const auto given = take_member(body, "images");
  if (!given) return bad_member("/images", "images must be a list of images");
  if (auto named = name_images(*given, serving, images.named); !named) return std::move(named).error();
  const auto mask = take_member(body, kMask);
  if (!mask) return images;
  auto file = named_file(*mask, "/mask");
  if (!file) return std::move(file).error();
  const std::string member = member_of(serving, kMask);
  if (!takes_file(*serving.model, member)) return not_done(kMask, "the model takes none");
  images.named.insert_or_assign(member, std::move(*file));
  return images;
}

}  // namespace shunt::api::dialects::openai
