#include "representation/file_object.hpp"

#include <algorithm>
#include <iterator>

#include "shunt/base/json_object_writer.hpp"

namespace shunt::api {
namespace {

std::int64_t in_seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

bool is_purpose(std::string_view text) noexcept {
  constexpr std::size_t kMaxBytes = 64;
  return !text.empty() && text.size() <= kMaxBytes &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

void append_file_object(std::string& out, const FileRecord& record) {
  JsonObjectWriter file(out);
  file.text("id", record.id);
  file.text("object", "file");
  file.number("bytes", record.bytes);
  file.number("created_at", in_seconds(record.created_at));
  file.number("expires_at", in_seconds(record.expires_at));
  file.text("filename", record.filename);
  file.text("purpose", record.purpose);
  file.text("status", "processed");
  file.text("media_type", record.media_type);
  file.text("sha256", record.sha256);
  file.close();
}

void append_file_page(std::string& out, std::vector<FileRecord> records, const FilePageQuery& query) {
  if (query.oldest_first) std::ranges::reverse(records);
  if (query.after) {
    const auto found = std::ranges::find(records, *query.after, &FileRecord::id);
    records.erase(records.begin(), found == records.end() ? found : std::next(found));
  }
  if (query.purpose) {
    std::erase_if(records, [&](const FileRecord& each) { return each.purpose != *query.purpose; });
  }
  const std::size_t count = std::min(records.size(), query.limit);
  out += R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    append_file_object(out, records[i]);
  }
  out += R"(],"first_id":)";
  out += count == 0 ? "null" : '"' + records.front().id + '"';
  out += R"(,"last_id":)";
  out += count == 0 ? "null" : '"' + records[count - 1].id + '"';
  out += R"(,"has_more":)";
  out += count < records.size() ? "true}" : "false}";
}

}  // namespace shunt::api
