#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

struct Response;
// Writes an error as the whole response.
using ErrorWriter = void (*)(Response& response, const Error& error);

// A response before it becomes bytes. Reused from request to request, so its strings keep their storage.
struct Response {
  int status = 200;
  std::string content_type;
  std::string headers;  // complete lines, each with its CRLF
  std::string sharing;  // the same, of CORS: they stay whatever becomes of the response
  std::string body;
  // Instead of `body`: part of bytes that others share, sent without a copy.
  std::shared_ptr<const std::string> shared_body;
  std::size_t shared_offset = 0;
  std::size_t shared_length = 0;
  // The size of a body that is sent by other means, or not at all (HEAD).
  std::optional<std::size_t> announced_size;
  MemoryReservation shared_memory;  // what those bytes take of the budget
  bool close = false;               // the connection ends after this response
  // For an application that has several forms of errors: that of this request. The transport does not look.
  ErrorWriter write_error = nullptr;

  void clear();
  // The storage that clear() leaves.
  [[nodiscard]] std::size_t kept_bytes() const noexcept { return headers.capacity() + body.capacity(); }
  // Values come from us or from validated text: no CR or LF (checked, replaced by a space).
  void add_header(std::string_view name, std::string_view value);
  // What Content-Length says.
  [[nodiscard]] std::size_t body_size() const noexcept {
    if (announced_size) return *announced_size;
    return shared_body ? shared_length : body.size();
  }

  // The same in place of the line that add_header or this has made of the same name.
  void set_header(std::string_view name, std::string_view value);

  void set_json(int new_status) {
    status = new_status;
    content_type = "application/json";
  }
  // Begins the response anew, with an empty `body`; header lines that are there stay.
  void replace_body(int new_status, std::string_view type);
  void set_retry_after(std::chrono::nanoseconds wait);
};

enum class ConnectionHeader { kNone, kClose, kKeepAlive };
enum class BodyFraming { kLength, kChunked, kUntilClose };

struct HeadOptions {
  ConnectionHeader connection = ConnectionHeader::kNone;
  BodyFraming framing = BodyFraming::kLength;
  std::string_view date;  // IMF-fixdate
};

// Appends status line and header fields with the empty line.
void append_head(std::string& out, const Response& response, const HeadOptions& options);

[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

}  // namespace shunt::http
