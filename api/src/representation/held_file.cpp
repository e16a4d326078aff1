#include "representation/held_file.hpp"

#include <utility>

#include "shunt/base/display_text.hpp"

namespace shunt::api {

Result<std::optional<FileReference>> hold_file(FileStore& store, std::string_view id, const FileUse& use) {
  const auto found = store.find(use.caller, id, use.now);
  if (!found) return found.error();
  if (!*found) return std::optional<FileReference>();
  const FileRecord& record = **found;
  FileReference file{.sha256 = record.sha256,
                     .bytes = record.bytes,
                     .media_type = record.media_type,
                     .filename = record.filename};
  if (auto held = store.hold(file, use); !held) return std::move(held).error();
  return std::optional(std::move(file));
}

Result<FileReference> hold_named_file(FileStore& store, const std::string& member, const NamedFile& file,
                                      const FileUse& use) {
  if (const auto* const uploaded = std::get_if<UploadedFile>(&file)) {
    auto held = hold_file(store, uploaded->id, use);
    if (!held) return std::move(held).error();
    if (!*held) return invalid_member(member, "names no file of yours: \"" + excerpt(uploaded->id) + '"');
    return std::move(**held);
  }
  const auto& inlined = std::get<InlineFile>(file);
  auto upload = store.begin_upload();
  if (!upload) return std::move(upload).error();
  if (auto added = (*upload)->append(inlined.bytes); !added) return std::move(added).error();
  return store.hold(**upload, {.media_type = inlined.media_type}, use);
}

}  // namespace shunt::api
