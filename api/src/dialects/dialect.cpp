#include "dialects/dialect.hpp"

#include <array>

#include "dialects/ollama/ollama_dialect.hpp"
#include "dialects/openai/openai_dialect.hpp"
#include "dialects/replicate/replicate_dialect.hpp"

namespace shunt::api::dialects {

std::span<const Dialect> all() {
  static const std::array kAll{openai::dialect(), replicate::dialect(), ollama::dialect()};
  return kAll;
}

std::string subject_of(std::span<const std::string_view> path) {
  std::string subject;
  for (const std::string_view segment : path) {
    if (segment.empty()) break;
    if (!subject.empty()) subject += '/';
    subject += segment;
  }
  return subject;
}

http::ErrorWriter errors_below(const http::RequestTarget& target) {
  if (target.size() == 0) return nullptr;
  for (const Dialect& dialect : all()) {
    for (std::string_view prefix : dialect.prefixes) {
      prefix.remove_prefix(1);
      if (target.segment(0) != prefix.substr(0, prefix.find('/'))) continue;
      // "/v1" is ours, too.
      return prefix == "v1" ? dialect.write_shared_error : dialect.write_error;
    }
  }
  return nullptr;
}

}  // namespace shunt::api::dialects
