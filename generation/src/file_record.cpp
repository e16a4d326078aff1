#include <utility>

#include "shunt/base/json_object_reader.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/file_error_codes.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::generation {
namespace {

constexpr int kRecordVersion = 1;

Error broken(std::string why) {
  return {error_code::kFileStoreFailed, "the record of a file cannot be read: " + std::move(why)};
}

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  return broken(wrong.member_pointer() + " must be " + std::string(wrong.expected));
}

}  // namespace

std::string encode_file_record(const FileRecord& record) {
  std::string text;
  JsonObjectWriter member(text);
  member.number("v", kRecordVersion);
  member.text("id", record.id);
  member.text("caller", record.caller);
  member.text("filename", record.filename);
  member.text("purpose", record.purpose);
  member.text("media_type", record.media_type);
  member.text("sha256", record.sha256);
  member.number("bytes", record.bytes);
  member.number("created_at", record.created_at.time_since_epoch().count());
  member.number("expires_at", record.expires_at.time_since_epoch().count());
  if (!record.metadata.empty()) member.text("metadata", record.metadata);
  member.close();
  return text;
}

Result<FileRecord> decode_file_record(std::string_view text) {
  const auto parsed = parse_json(text, {.max_depth = 2, .max_members = 32});
  if (!parsed) return broken(parsed.error().message);
  if (!parsed->is_object()) return broken("it is no object");
  JsonObjectReader members(parsed->get_object(), "", wrong_member);
  FileRecord record;
  const auto version = members.integer("v");
  record.id = members.text("id");
  record.caller = members.text("caller");
  record.filename = members.text("filename");
  record.purpose = members.text("purpose");
  record.media_type = members.text("media_type");
  record.sha256 = members.text("sha256");
  record.bytes = static_cast<std::uint64_t>(members.integer("bytes").value_or(0));
  const auto created_at = members.integer("created_at", JsonObjectReader::Presence::kRequired, kLatestMs);
  const auto expires_at = members.integer("expires_at", JsonObjectReader::Presence::kRequired, kLatestMs);
  record.metadata = members.text("metadata", JsonObjectReader::Presence::kOptional);
  if (members.problem()) return *members.problem();
  if (!record.metadata.empty()) {
    const auto metadata = parse_json(record.metadata);
    if (!metadata || !metadata->is_object()) return broken("its metadata is no object");
  }
  if (*version != kRecordVersion) return broken("it is of another version");
  if (!is_file_id(record.id)) return broken("its id is none");
  if (!is_sha256_hex(record.sha256)) return broken("its sha256 is none");
  if (!is_valid_media_type(record.media_type)) return broken("its media type is none");
  record.created_at = WallTime(std::chrono::milliseconds(*created_at));
  record.expires_at = WallTime(std::chrono::milliseconds(*expires_at));
  return record;
}

}  // namespace shunt::generation
