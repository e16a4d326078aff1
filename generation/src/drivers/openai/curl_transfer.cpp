#include "drivers/openai/curl_transfer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <new>
#include <utility>

namespace shunt::openai {
namespace {

// libcurl reads 16 KiB at once; a TLS connection may hand on several of them.
constexpr std::size_t kKeptBytes = 64UL * 1024;

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  // Fails only for lack of memory or for an option that this libcurl does not have, and 7.88 has them all.
  if (curl_easy_setopt(easy, option, value) != CURLE_OK) throw std::bad_alloc();
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// libcurl 7.88 does not set close-on-exec, and the `command` driver runs programs beside us.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

CurlTransfer::CurlTransfer(HttpRequest request, std::shared_ptr<TransferHandler> handler, ReadyList& ready)
    : request_(std::move(request)), handler_(std::move(handler)), ready_(ready), easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  set_options();
}

CurlTransfer::~CurlTransfer() {
  detach();
  curl_easy_cleanup(easy_);
}

CurlTransfer& CurlTransfer::of(CURL* easy) {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *reinterpret_cast<CurlTransfer*>(self);
}

void CurlTransfer::set_options() {
  set(easy_, CURLOPT_PRIVATE, static_cast<void*>(this));
  set(easy_, CURLOPT_ERRORBUFFER, static_cast<char*>(reason_));
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_URL, request_.url.c_str());
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  // Set, even to "", they keep libcurl from reading http_proxy and no_proxy.
  set(easy_, CURLOPT_PROXY, request_.proxy.c_str());
  set(easy_, CURLOPT_NOPROXY, "");
  set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // One request a connection: a slow stream never delays another, and a cancel is a close.
  set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy_, CURLOPT_OPENSOCKETFUNCTION, &open_socket);

  for (const std::string& header : request_.headers) {
    List longer(curl_slist_append(headers_.get(), header.c_str()));
    if (longer == nullptr) throw std::bad_alloc();
    (void)headers_.release();  // its nodes belong to `longer` now
    headers_ = std::move(longer);
  }
  set(easy_, CURLOPT_HTTPHEADER, headers_.get());
  set(easy_, CURLOPT_POST, 1L);
  set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  set(easy_, CURLOPT_POSTFIELDS, request_.body.data());

  set(easy_, CURLOPT_PREREQFUNCTION, &take_connected);
  set(easy_, CURLOPT_PREREQDATA, this);
  set(easy_, CURLOPT_HEADERFUNCTION, &take_header);
  set(easy_, CURLOPT_HEADERDATA, this);
  set(easy_, CURLOPT_WRITEFUNCTION, &take_body);
  set(easy_, CURLOPT_WRITEDATA, this);
}

void CurlTransfer::use_addresses(const std::vector<std::string>& addresses) {
  std::string entry = request_.endpoint.host + ':' + std::to_string(request_.endpoint.port) + ':';
  for (const std::string& address : addresses) entry += address + ',';
  entry.pop_back();
  addresses_.reset(curl_slist_append(nullptr, entry.c_str()));
  set(easy_, CURLOPT_RESOLVE, addresses_.get());
}

bool CurlTransfer::attach(CURLM* multi) {
  if (curl_multi_add_handle(multi, easy_) != CURLM_OK) return false;
  multi_ = multi;
  return true;
}

void CurlTransfer::detach() noexcept {
  if (multi_ != nullptr) curl_multi_remove_handle(std::exchange(multi_, nullptr), easy_);
}

int CurlTransfer::take_connected(CurlTransfer* self, char*, char*, int, int) {
  self->connected_ = true;
  self->tell_connected_ = true;
  self->mark_ready();
  return CURL_PREREQFUNC_OK;
}

std::size_t CurlTransfer::take_header(const char* data, std::size_t, std::size_t size, CurlTransfer* self) {
  if (!self->head_complete_) self->take_header_line(trimmed({data, size}));
  return size;
}

void CurlTransfer::take_header_line(std::string_view line) {
  if (line.empty()) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) return;  // "100 Continue" and its like announce another head
    head_.status = static_cast<int>(status);
    head_complete_ = true;
    tell_head_ = true;
    return mark_ready();
  }
  if (line.starts_with("HTTP/")) {
    head_ = {};
    return;
  }
  const std::size_t colon = std::min(line.find(':'), line.size() - 1);
  const std::string_view name = line.substr(0, colon);
  if (equal_ignoring_case(name, "content-type")) head_.content_type = trimmed(line.substr(colon + 1));
  if (equal_ignoring_case(name, "retry-after")) head_.retry_after = trimmed(line.substr(colon + 1));
}

std::size_t CurlTransfer::take_body(const char* data, std::size_t, std::size_t size, CurlTransfer* self) {
  self->too_large_ = size > self->request_.max_response_bytes - self->received_;
  if (self->too_large_) return CURL_WRITEFUNC_ERROR;
  self->received_ += size;
  self->body_.append(data, size);
  self->mark_ready();
  return size;
}

void CurlTransfer::mark_ready() {
  if (!std::exchange(on_ready_list_, true)) ready_.push_back(shared_from_this());
}

void CurlTransfer::record_end(CURLcode code) {
  using How = TransferEnd::How;
  How how = How::kBroken;
  if (code == CURLE_OK) {
    how = How::kComplete;
  } else if (too_large_) {
    how = How::kTooLarge;
  } else if (!connected_) {
    how = code == CURLE_OPERATION_TIMEDOUT ? How::kConnectTimedOut : How::kNotConnected;
  }
  record_end(
      TransferEnd{how, reason_[0] != '\0' ? std::string(reason_) : std::string(curl_easy_strerror(code))});
}

void CurlTransfer::record_end(TransferEnd end) {
  end_ = std::move(end);
  mark_ready();
}

void CurlTransfer::deliver() {
  on_ready_list_ = false;
  const auto handler = handler_;  // handler_ goes when a call below cancels us
  if (handler_ && std::exchange(tell_connected_, false)) handler->on_connected();
  if (handler_ && std::exchange(tell_head_, false)) handler->on_head(head_);
  if (handler_ && !body_.empty()) {
    std::string bytes = std::exchange(body_, {});
    handler->on_body(bytes);
    bytes.clear();
    // Its memory serves the next piece, but what one long piece needed does not stay.
    if (bytes.capacity() <= kKeptBytes) body_ = std::move(bytes);
  }
  if (handler_ && end_) {
    handler_.reset();
    handler->on_end(*end_);
  }
}

}  // namespace shunt::openai
