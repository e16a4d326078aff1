#include "shunt/http/server/response.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace shunt::http {
namespace {

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

bool has_no_body(int status) noexcept {
  return status == 204 || status == 304;
}

}  // namespace

void Response::clear() {
  constexpr std::size_t kKeptBytes = 4 * 1024;
  status = 200;
  content_type.clear();
  headers.clear();
  sharing.clear();
  body.clear();
  if (body.capacity() > kKeptBytes) body.shrink_to_fit();
  shared_body.reset();
  shared_memory.release();
  announced_size.reset();
  shared_offset = shared_length = 0;
  close = false;
  write_error = nullptr;
}

void Response::add_header(std::string_view name, std::string_view value) {
  headers.append(name).append(": ");
  const std::size_t start = headers.size();
  headers.append(value);
  std::replace_if(
      headers.begin() + static_cast<std::ptrdiff_t>(start), headers.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  headers.append("\r\n");
}

void Response::set_header(std::string_view name, std::string_view value) {
  for (std::size_t line = 0; line < headers.size();) {
    const std::size_t end = headers.find("\r\n", line) + 2;
    if (std::string_view(headers).substr(line).starts_with(name) && headers[line + name.size()] == ':') {
      headers.erase(line, end - line);
      break;
    }
    line = end;
  }
  add_header(name, value);
}

void Response::replace_body(int new_status, std::string_view type) {
  status = new_status;
  content_type = type;
  shared_body.reset();
  shared_memory.release();
  announced_size.reset();
  body.clear();
}

void Response::set_retry_after(std::chrono::nanoseconds wait) {
  const auto seconds = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count());
  add_header("Retry-After", std::to_string(seconds));
}

void append_head(std::string& out, const Response& response, const HeadOptions& options) {
  // Status line, date and the fields that are not in `headers`; the body follows.
  constexpr std::size_t kUsualBytes = 256;
  out.reserve(out.size() + kUsualBytes + response.headers.size() + response.sharing.size() +
              response.body.size());
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(response.status));
  out.append(" ")
      .append(reason_phrase(response.status))
      .append("\r\nDate: ")
      .append(options.date)
      .append("\r\n");
  if (!response.content_type.empty())
    out.append("Content-Type: ").append(response.content_type).append("\r\n");
  out.append(response.headers).append(response.sharing);
  if (options.framing == BodyFraming::kChunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (options.framing == BodyFraming::kLength && !has_no_body(response.status)) {
    out.append("Content-Length: ");
    append_number(out, response.body_size());
    out.append("\r\n");
  }
  if (options.connection == ConnectionHeader::kClose) out.append("Connection: close\r\n");
  if (options.connection == ConnectionHeader::kKeepAlive) out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
}

std::string_view reason_phrase(int status) noexcept {
  struct Phrase {
    int status;
    std::string_view text;
  };
  static constexpr auto kPhrases = std::to_array<Phrase>({
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  });
  const auto found = std::find_if(kPhrases.begin(), kPhrases.end(),
                                  [&](const Phrase& phrase) { return phrase.status == status; });
  return found == kPhrases.end() ? std::string_view("Unknown") : found->text;
}

}  // namespace shunt::http
