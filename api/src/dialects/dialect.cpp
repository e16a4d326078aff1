#include "dialects/dialect.hpp"

#include <array>

#include "dialects/openai/openai_dialect.hpp"
#include "dialects/replicate/replicate_dialect.hpp"

namespace shunt::api::dialects {

std::span<const Dialect> all() {
  static const std::array kAll{openai::dialect(), replicate::dialect()};
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
  for (const Dialect& dialect : all()) {
    // "/openai/v1": the first segment is nobody else's; "/v1" is ours.
    for (std::string_view prefix : dialect.prefixes) {
      prefix.remove_prefix(1);
      const std::string_view first = prefix.substr(0, prefix.find('/'));
      if (first != "v1" && target.size() > 0 && target.segment(0) == first) return dialect.write_error;
    }
  }
  return nullptr;
}

}  // namespace shunt::api::dialects
