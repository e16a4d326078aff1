#include <algorithm>

#include "core/job_options_codec.hpp"

namespace bullmq::detail {
namespace {

// Whether JSON writes it as it is.
bool is_plain(std::string_view id) {
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; });
}

}  // namespace

const JobOptions& StoredJobOptions::read(std::string_view json, std::string_view id) {
  if (!has_id_) {
    if (json != before_) remember(json, id);
    return options_;
  }
  const bool same = json.size() == before_.size() + id.size() + after_.size() && json.starts_with(before_) &&
                    json.ends_with(after_) && json.substr(before_.size(), id.size()) == id && is_plain(id);
  if (same) {
    options_.job_id = std::string(id);
  } else {
    remember(json, id);
  }
  return options_;
}

void StoredJobOptions::remember(std::string_view json, std::string_view id) {
  options_ = stored_job_options(json);
  before_ = json;
  after_.clear();
  has_id_ = false;
  if (options_.job_id != id || !is_plain(id)) return;
  // Text as this is no part of a string, and if it is there once it is what `job_id` was read from.
  const std::string member = "\"jobId\":\"" + std::string(id) + '"';
  const std::size_t at = json.find(member);
  if (at == std::string_view::npos || json.find("\"jobId\"", at + 1) != std::string_view::npos ||
      json.find("\"jobId\"") != at) {
    return;
  }
  const std::size_t begin = at + member.size() - 1 - id.size();
  before_ = json.substr(0, begin);
  after_ = json.substr(begin + id.size());
  has_id_ = true;
}

}  // namespace bullmq::detail
