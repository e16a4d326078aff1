#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/http/ascii.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// The header fields of a request, in order, in one block of text that is reused from request to request.
class Headers {
 public:
  static constexpr std::size_t kMaxFields = 128;

  void clear() {
    text_.clear();
    fields_.clear();
    too_many_ = false;
    if (text_.capacity() > kKeptBytes) text_.shrink_to_fit();
  }
  [[nodiscard]] std::size_t kept_bytes() const noexcept {
    return text_.capacity() + fields_.capacity() * sizeof(Field);
  }
  // There were more than kMaxFields: those beyond are not kept.
  [[nodiscard]] bool too_many() const noexcept { return too_many_; }
  void add(std::string_view name, std::string_view value) {
    too_many_ = too_many_ || fields_.size() == kMaxFields;
    if (too_many_) return;
    fields_.push_back({text_.size(), name.size(), value.size()});
    text_.append(name).append(value);
  }

  // The first field of that name, "" if there is none.
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept {
    for (const Field& field : fields_) {
      if (equals_ignoring_case(name_of(field), name)) return value_of(field);
    }
    return {};
  }
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept {
    std::size_t found = 0;
    for (const Field& field : fields_) found += equals_ignoring_case(name_of(field), name) ? 1 : 0;
    return found;
  }
  [[nodiscard]] bool has(std::string_view name) const noexcept { return count(name) > 0; }
  // A list header that may come in several lines (RFC 9110, 5.3).
  [[nodiscard]] std::string joined(std::string_view name) const {
    std::string all;
    for (const Field& field : fields_) {
      if (!equals_ignoring_case(name_of(field), name)) continue;
      if (!all.empty()) all += ", ";
      all += value_of(field);
    }
    return all;
  }

 private:
  struct Field {
    std::size_t offset, name_size, value_size;
  };
  [[nodiscard]] std::string_view name_of(const Field& field) const noexcept {
    return std::string_view(text_).substr(field.offset, field.name_size);
  }
  [[nodiscard]] std::string_view value_of(const Field& field) const noexcept {
    return std::string_view(text_).substr(field.offset + field.name_size, field.value_size);
  }

  static constexpr std::size_t kKeptBytes = 4 * 1024;

  std::string text_;
  std::vector<Field> fields_;
  bool too_many_ = false;
};

struct Request {
  std::string method;
  std::string target;
  bool http11 = true;
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  Headers headers;
  std::string body;

  [[nodiscard]] bool head() const noexcept { return method == "HEAD"; }
  [[nodiscard]] bool has_body() const noexcept { return chunked || content_length.value_or(0) > 0; }

  // Frees a body that has been decoded: the request may wait for long.
  void drop_body() {
    body.clear();
    if (body.capacity() > kKeptBodyBytes) std::string().swap(body);
  }

  // The storage that clear() leaves.
  [[nodiscard]] std::size_t kept_bytes() const noexcept {
    return method.capacity() + target.capacity() + body.capacity() + headers.kept_bytes();
  }

  // Ready for the next request; buffers stay unless a large body made them large.
  void clear() {
    method.clear();
    target.clear();
    if (target.capacity() > kKeptBodyBytes) target.shrink_to_fit();
    headers.clear();
    body.clear();
    if (body.capacity() > kKeptBodyBytes) body.shrink_to_fit();
    http11 = keep_alive = true;
    chunked = false;
    content_length.reset();
  }

 private:
  static constexpr std::size_t kKeptBodyBytes = 4 * 1024;
};

}  // namespace shunt::http
