#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::api {

// OpenAI's file object, with members of ours beside: media_type and sha256.
void append_file_object(std::string& out, const FileRecord& record);

// A page of files, as OpenAI's lists are.
struct FilePageQuery {
  std::optional<std::string> after;  // a file's id: the page begins behind it
  std::optional<std::string> purpose;
  std::size_t limit = 100;
  bool oldest_first = false;
};
// `records` are the caller's, newest first.
void append_file_page(std::string& out, std::vector<FileRecord> records, const FilePageQuery& query);

// "assistants", "user_data", ...: 1 to 64 of a-z 0-9 _ -.
[[nodiscard]] bool is_purpose(std::string_view text) noexcept;

}  // namespace shunt::api
