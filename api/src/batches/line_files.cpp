#include "batches/line_files.hpp"

#include <string>
#include <utility>

#include "dialects/openai/call_members.hpp"
#include "representation/given_message_files.hpp"
#include "representation/held_file.hpp"

namespace shunt::api::batches {
namespace {

// What can be known before anything is held.
Result<void> check_named(const Model& model, const NamedFiles& named, const GivenMessageFiles& in_messages) {
  const bool fits = named.size() <= kMaxInputFiles;
  const std::string beyond = fits ? first_beyond(in_messages, kMaxInputFiles - named.size()) : "/files";
  if (!beyond.empty()) {
    return dialects::openai::bad_member(
        beyond, "a line of a batch may have at most " + std::to_string(kMaxInputFiles) + " files");
  }
  for (const auto& [member, file] : named) {
    if (std::holds_alternative<HttpsUrl>(file))
      return dialects::openai::not_done(member, "a line of a batch fetches nothing: name a file by its id");
    const auto* const inlined = std::get_if<InlineFile>(&file);
    if (inlined == nullptr) continue;
    if (auto checked = model.input_rules.check_file(member, inlined->media_type, inlined->bytes.size());
        !checked)
      return checked;
  }
  return {};
}

}  // namespace

Result<void> take_line_files(FileStore& store, const Model& model, const FileUse& use,
                             GenerationRequest& request, std::vector<std::string> places) {
  const auto named = take_named_files(model.input_rules, request);
  if (!named) return named.error();
  const auto in_messages = read_message_files(model, request.input, std::move(places));
  if (!in_messages) return in_messages.error();
  if (auto checked = check_named(model, *named, *in_messages); !checked) return checked;
  for (const auto& [member, file] : *named) {
    auto held = hold_named_file(store, member, file, use);
    if (!held) return std::move(held).error();
    if (auto checked = model.input_rules.check_file(member, held->media_type, held->bytes); !checked)
      return checked;
    request.files.emplace(member, std::move(*held));
  }
  if (auto held = hold_message_files(store, *in_messages, use, request.files); !held) return held;
  return check_message_files(model, *in_messages, request);
}

}  // namespace shunt::api::batches
