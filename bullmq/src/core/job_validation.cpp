#include "core/job_validation.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "bullmq/error.hpp"
#include "core/json_text.hpp"

namespace bullmq::detail {

std::string text_of_js_parse_int(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\n\r\v\f");
  if (start == std::string_view::npos) return "NaN";
  text.remove_prefix(start);
  std::string number;
  if (text.front() == '-' || text.front() == '+') {
    if (text.front() == '-') number = "-";
    text.remove_prefix(1);
  }
  const auto digits =
      std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; }) - text.begin();
  if (digits == 0) return "NaN";
  std::string_view value = text.substr(0, static_cast<std::size_t>(digits));
  while (value.size() > 1 && value.front() == '0') value.remove_prefix(1);
  if (value == "0") return "0";
  // JavaScript writes an exponent from here on: never the same text, so which one does not matter.
  if (value.size() > 21) return number + "1e+21";
  const double exact = std::stod(std::string(value));
  char shortest[64];
  std::string rendered;
  for (int precision = 1; precision <= 17; ++precision) {
    std::snprintf(shortest, sizeof shortest, "%.*e", precision - 1, exact);
    if (std::stod(shortest) == exact) {
      // digits of the mantissa, then zeros up to the exponent: JavaScript's text of a whole number below
      // 1e21.
      const std::string mantissa(shortest);
      const int exponent = std::stoi(mantissa.substr(mantissa.find('e') + 1));
      if (exponent >= 21) return number + "1e+21";
      for (const char c : mantissa.substr(0, mantissa.find('e'))) {
        if (c != '.') rendered += c;
      }
      rendered.resize(static_cast<std::size_t>(exponent) + 1, '0');
      break;
    }
  }
  return number + rendered;
}

namespace {

// JavaScript's texts have no other bytes, and our own JSON cannot hold them.
void validate_texts(const std::string& name, const JobOptions& options) {
  require_utf8("name of the job", name);
  if (options.job_id) require_utf8("jobId", *options.job_id);
  if (options.backoff) require_utf8("backoff type", options.backoff->type);
  if (options.deduplication) require_utf8("deduplication id", options.deduplication->id);
  if (options.telemetry_metadata) require_utf8("telemetry metadata", *options.telemetry_metadata);
  if (options.parent) {
    require_utf8("parent id", options.parent->id);
    require_utf8("parent queue", options.parent->queue);
  }
  if (!options.extra.empty()) require_json("options that are not known", options.extra);
}

}  // namespace

void validate_job(const std::string& name, std::string_view data, const JobOptions& options,
                  DataCheck check) {
  if (options.size_limit && *options.size_limit != 0 &&
      static_cast<std::int64_t>(data.size()) > *options.size_limit) {
    throw ValidationError("The size of job " + name + " exceeds the limit " +
                          std::to_string(*options.size_limit) + " bytes");
  }
  const std::pair<const char*, bool> exclusive[] = {
      {"removeDependencyOnFailure", options.remove_dependency_on_failure.value_or(false)},
      {"failParentOnFailure", options.fail_parent_on_failure.value_or(false)},
      {"continueParentOnFailure", options.continue_parent_on_failure.value_or(false)},
      {"ignoreDependencyOnFailure", options.ignore_dependency_on_failure.value_or(false)},
  };
  std::string together;
  int enabled = 0;
  for (const auto& [option, is_set] : exclusive) {
    if (!is_set) continue;
    together += (enabled++ == 0 ? "" : ", ") + std::string(option);
  }
  if (enabled > 1) throw ValidationError("The following options cannot be used together: " + together);
  if (options.job_id && !options.job_id->empty()) {
    const std::string& id = *options.job_id;
    if (text_of_js_parse_int(id) == id) throw ValidationError("Custom Id cannot be integers");
    const auto colons = std::count(id.begin(), id.end(), ':');
    if (colons != 0 && colons != 2) throw ValidationError("Custom Id cannot contain :");
  }
  if (options.priority && *options.priority > kMaxPriority) {
    throw ValidationError("Priority should be between 0 and " + std::to_string(kMaxPriority));
  }
  if (options.deduplication) {
    if (options.deduplication->id.empty()) throw ValidationError("Deduplication id must be provided");
    if (options.parent) throw ValidationError("Deduplication and parent options cannot be used together");
  }
  if (options.backoff && options.backoff->jitter &&
      (*options.backoff->jitter < 0 || *options.backoff->jitter > 1)) {
    throw ValidationError("Jitter should be between 0 and 1");
  }
  validate_texts(name, options);
  if (check == DataCheck::needed) require_json("data of job " + name, data);
}

void validate_single_add(const JobOptions& options) {
  if (options.job_id && (*options.job_id == "0" || options.job_id->str().starts_with("0:"))) {
    throw ValidationError("JobId cannot be '0' or start with '0:'");
  }
}

void validate_queue_name(const std::string& name) {
  if (name.empty()) throw ValidationError("Queue name must be provided");
  if (name.find(':') != std::string::npos) throw ValidationError("Queue name cannot contain :");
}

}  // namespace bullmq::detail
