#include "store/state_file.hpp"

#include <utility>

#include "shunt/base/json_object_writer.hpp"
#include "store/private_file.hpp"
#include "strict_members.hpp"

namespace shunt::flip {
namespace {

// The wrapper's own members take less than this.
constexpr std::size_t kMostBytes = kMaxRecordBytes + 128;

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  return invalid_field(wrong.member_pointer(),
                       "state file: " + wrong.member_pointer() + ": expected " + std::string(wrong.expected),
                       "invalid_flip_record");
}

}  // namespace

std::string kept_text(const KeptRecord& kept) {
  std::string text;
  JsonObjectWriter members(text);
  members.number("v", kRecordVersion);
  members.boolean("unmerged", kept.unmerged);
  members.begin("record") += record_text(kept.record);
  members.close();
  text += '\n';
  return text;
}

Result<KeptRecord> parse_kept(std::string_view text) {
  if (text.size() > kMostBytes) return Error{"invalid_flip_record", "state file: it is too long"};
  auto parsed = parse_json(text, {.max_depth = 9, .max_members = 64});
  if (!parsed) return Error{"invalid_flip_record", "state file: " + parsed.error().message};
  if (!parsed->is_object()) return Error{"invalid_flip_record", "state file: expected an object"};
  StrictMembers members(std::move(parsed->get_object()), "", wrong_member);
  if (members.reader().integer("v") != kRecordVersion) {
    return Error{"invalid_flip_record",
                 "state file: expected version 1; a later version of this program wrote it"};
  }
  KeptRecord kept;
  members.boolean("unmerged", kept.unmerged);
  const JsonObject object = members.reader().object("record");
  if (auto finished = members.finish(); !finished) return finished.error();
  auto record = parse_record(to_json_text(object));
  if (!record) return record.error();
  kept.record = std::move(*record);
  return kept;
}

Result<std::optional<KeptRecord>> read_state_file(const std::string& path) {
  auto text = read_file(path, kMostBytes);
  if (!text) return text.error();
  if (!*text) return std::optional<KeptRecord>();
  auto kept = parse_kept(**text);
  if (!kept) return kept.error();
  return std::optional<KeptRecord>(std::move(*kept));
}

}  // namespace shunt::flip
