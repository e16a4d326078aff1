#include "dialects/replicate/replicate_files.hpp"

#include <array>

#include "representation/problem.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/artifact_rules.hpp"

namespace shunt::api::dialects::replicate {
namespace {

constexpr std::string_view kFiles = "/replicate/v1/files/";
constexpr std::array<std::string_view, 3> kFields{"metadata", "filename", "type"};
constexpr std::size_t kMaxFilenameBytes = 255;

void append_file(std::string& out, const CallContext& context, const FileRecord& file) {
  JsonObjectWriter object(out);
  object.text("id", file.id);
  object.text("name", file.filename);
  object.text("content_type", file.media_type);
  object.number("size", file.bytes);
  object.text("etag", file.sha256);
  JsonObjectWriter checksums = object.object("checksums");
  checksums.text("sha256", file.sha256);
  checksums.close();
  object.begin("metadata") += file.metadata.empty() ? "{}" : file.metadata;
  object.time("created_at", file.created_at);
  object.time("expires_at", file.expires_at);
  JsonObjectWriter urls = object.object("urls");
  urls.text("get", context.base_url + std::string(kFiles) + file.id);
  urls.close();
  object.close();
}

void answer_created(http::Response& response, const CallContext& context, const FileRecord& file) {
  response.set_json(201);
  append_file(response.body, context, file);
}

void answer_shown(http::Response& response, const CallContext& context, const FileRecord& file) {
  response.set_json(200);
  append_file(response.body, context, file);
}

void answer_removed(http::Response& response, const CallContext&, const FileRecord&) {
  response.replace_body(204, "");
}

Result<void> answer_list(http::Response& response, const CallContext& context,
                         std::span<const FileRecord> files) {
  response.set_json(200);
  response.body += R"({"previous":null,"next":null,"results":[)";
  for (const FileRecord& file : files) {
    if (response.body.back() != '[') response.body += ',';
    append_file(response.body, context, file);
  }
  response.body += "]}";
  return {};
}

// What the form says beside the file.
Result<void> describe(FileRecord& file, const std::map<std::string, std::string, std::less<>>& fields) {
  if (const auto metadata = fields.find("metadata"); metadata != fields.end()) {
    const auto parsed = parse_json(metadata->second, {.max_depth = 8, .max_members = 64});
    if (!parsed || !parsed->is_object())
      return invalid_field("/metadata", "the part \"metadata\" must be a JSON object");
    file.metadata = to_json_text(*parsed);
  }
  if (const auto name = fields.find("filename"); name != fields.end()) {
    if (name->second.size() > kMaxFilenameBytes)
      return invalid_field("/filename", "the part \"filename\" may have at most 255 bytes");
    file.filename = name->second;
  }
  if (const auto type = fields.find("type"); type != fields.end()) {
    if (!is_valid_media_type(type->second))
      return invalid_field("/type", "the part \"type\" must be a media type");
    file.media_type = type->second;
  }
  return {};
}

std::string_view without_scheme(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (url.starts_with(scheme)) return url.substr(scheme.size());
  }
  return {};
}

}  // namespace

endpoint::UploadFile upload_file() {
  return {.part = "content", .fields = kFields, .describe = describe, .answer = answer_created};
}
endpoint::ShowFile show_file() {
  return {.answer = answer_shown};
}
endpoint::ListFiles list_files() {
  return {.answer = answer_list};
}
endpoint::RemoveFile remove_file() {
  return {.answer = answer_removed};
}

std::optional<std::string> file_of_url(std::string_view url, std::string_view base_url) {
  const std::string_view ours = without_scheme(base_url);
  std::string_view rest = without_scheme(url);
  if (ours.empty() || !rest.starts_with(ours)) return std::nullopt;
  rest.remove_prefix(ours.size());
  if (!rest.starts_with(kFiles)) return std::nullopt;
  rest.remove_prefix(kFiles.size());
  if (!is_file_id(rest)) return std::nullopt;
  return std::string(rest);
}

}  // namespace shunt::api::dialects::replicate
