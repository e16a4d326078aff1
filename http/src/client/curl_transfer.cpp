#include "client/curl_transfer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <new>
#include <utility>

#include "shunt/http/ascii.hpp"

namespace shunt::http {
namespace {

constexpr std::chrono::milliseconds kNoLimit = std::chrono::hours(24 * 20);  // as much as 32 bits hold
// libcurl reads 16 KiB at once; a TLS connection may hand on several of them.
constexpr std::size_t kKeptBytes = 64UL * 1024;

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  // Fails only for lack of memory or for an option that this libcurl does not have, and 7.88 has them all.
  if (curl_easy_setopt(easy, option, value) != CURLE_OK) throw std::bad_alloc();
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// "" for what is no address of IP.
std::string address_text(const curl_sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = nullptr;
  if (address.family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in&>(address.addr).sin_addr;
  if (address.family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6&>(address.addr).sin6_addr;
  if (bytes == nullptr || inet_ntop(address.family, bytes, text, sizeof text) == nullptr) return {};
  return text;
}

}  // namespace

CurlTransfer::CurlTransfer(ClientRequest request, std::shared_ptr<TransferHandler> handler, ReadyList& ready,
                           std::optional<BodySource> source)
    : request_(std::move(request)),
      source_(std::move(source)),
      handler_(std::move(handler)),
      ready_(ready),
      easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  set_options();
}

CurlTransfer::~CurlTransfer() {
  detach();
  curl_easy_cleanup(easy_);
}

// libcurl 7.88 does not set close-on-exec, and the `command` driver runs programs beside us.
curl_socket_t CurlTransfer::open_socket(CurlTransfer* self, curlsocktype, curl_sockaddr* address) {
  const MayConnect& may_connect = self->request_.may_connect;
  if (may_connect && !may_connect(address_text(*address))) return CURL_SOCKET_BAD;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
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
  if (request_.proxy) {
    // Set, even to "", they keep libcurl from reading http_proxy and no_proxy.
    set(easy_, CURLOPT_PROXY, request_.proxy->c_str());
    set(easy_, CURLOPT_NOPROXY, "");
  }
  set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // One request a connection: a slow stream never delays another, and a cancel is a close.
  set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy_, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(easy_, CURLOPT_OPENSOCKETDATA, this);
  if (!request_.authorities_file.empty()) set(easy_, CURLOPT_CAINFO, request_.authorities_file.c_str());
  if (request_.connection == ConnectionUse::kOwn) {
    set(easy_, CURLOPT_FRESH_CONNECT, 1L);
    set(easy_, CURLOPT_FORBID_REUSE, 1L);
  }
  // A name that does not resolve must not hold up the end of the process.
  set(easy_, CURLOPT_QUICK_EXIT, 1L);
  set_limits();
  set_message();
  set(easy_, CURLOPT_PREREQFUNCTION, &take_connected);
  set(easy_, CURLOPT_PREREQDATA, this);
  set(easy_, CURLOPT_HEADERFUNCTION, &take_header);
  set(easy_, CURLOPT_HEADERDATA, this);
  set(easy_, CURLOPT_WRITEFUNCTION, &take_body);
  set(easy_, CURLOPT_WRITEDATA, this);
}

void CurlTransfer::set_limits() {
  // Zero would be libcurl's own limit, five minutes.
  const auto connect = request_.connect_timeout.count() > 0 ? request_.connect_timeout : kNoLimit;
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
  set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.total_timeout.count()));
  if (request_.silence_timeout.count() > 0) {
    set(easy_, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(easy_, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request_.silence_timeout.count()));
  }
}

void CurlTransfer::append_header(const char* header) {
  List longer(curl_slist_append(headers_.get(), header));
  if (longer == nullptr) throw std::bad_alloc();
  (void)headers_.release();  // its nodes belong to `longer` now
  headers_ = std::move(longer);
}

void CurlTransfer::set_message() {
  for (const std::string& header : request_.headers) append_header(header.c_str());
  std::optional<std::string_view> body = request_.borrowed_body;
  if (request_.body) body = *request_.body;
  if (body) {
    ask_nothing_beforehand();
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    set(easy_, CURLOPT_POSTFIELDS, body->empty() ? "" : body->data());
  }
  if (source_) set_body_source();
  set(easy_, CURLOPT_HTTPHEADER, headers_.get());
  // A body makes it POST by itself, a source of one PUT, and the absence of both GET.
  std::string_view by_itself = body ? "POST" : "GET";
  if (source_) by_itself = "PUT";
  if (request_.method != by_itself) set(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  if (!request_.range.empty()) set(easy_, CURLOPT_RANGE, request_.range.c_str());
  if (request_.signature) {
    set(easy_, CURLOPT_AWS_SIGV4, request_.signature->provider.c_str());
    set(easy_, CURLOPT_USERPWD, request_.signature->login.c_str());
  }
}

// No question whether a large body is welcome, as libcurl would wait a second for the answer. Of a signed
// request libcurl 7.88 would sign the header that says so, which is not sent: services that sign answer the
// question.
void CurlTransfer::ask_nothing_beforehand() {
  if (!request_.signature) append_header("Expect:");
}

void CurlTransfer::set_body_source() {
  ask_nothing_beforehand();
  set(easy_, CURLOPT_UPLOAD, 1L);
  set(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(source_->size));
  set(easy_, CURLOPT_READFUNCTION, &give_body);
  set(easy_, CURLOPT_READDATA, this);
  set(easy_, CURLOPT_SEEKFUNCTION, &seek_body);
  set(easy_, CURLOPT_SEEKDATA, this);
}

std::size_t CurlTransfer::give_body(char* room, std::size_t, std::size_t length, CurlTransfer* self) {
  const BodySource& source = *self->source_;
  const std::uint64_t left = source.size - self->given_;
  if (left == 0) return 0;
  const std::size_t most = std::min<std::uint64_t>(left, length);
  const std::size_t given = source.read(self->given_, room, most);
  if (given == 0 || given > most) return CURL_READFUNC_ABORT;
  self->given_ += given;
  return given;
}

// libcurl goes back to the beginning only.
int CurlTransfer::seek_body(CurlTransfer* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  const auto to = static_cast<std::uint64_t>(offset);
  if (to > self->source_->size) return CURL_SEEKFUNC_FAIL;
  self->given_ = to;
  return CURL_SEEKFUNC_OK;
}

void CurlTransfer::use_addresses(const std::vector<std::string>& addresses) {
  const Endpoint& endpoint = *request_.endpoint;
  std::string entry = endpoint.host + ':' + std::to_string(endpoint.port) + ':';
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
  self->connected_unreported_ = true;
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
    head_unreported_ = true;
    return mark_ready();
  }
  if (line.starts_with("HTTP/")) {
    head_ = {};
    return;
  }
  const std::size_t colon = std::min(line.find(':'), line.size() - 1);
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (equals_ignoring_case(name, "content-type")) head_.content_type = value;
  if (equals_ignoring_case(name, "retry-after")) head_.retry_after = value;
  if (equals_ignoring_case(name, "location")) head_.location = value;
  if (equals_ignoring_case(name, "content-range")) {
    // Two of them make a list, which is no range.
    head_.content_range.append(head_.content_range.empty() ? "" : ", ").append(value);
  }
  if (equals_ignoring_case(name, "content-length")) head_.content_length = parse_unsigned(value);
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

namespace {

TransferEnd::Obstacle obstacle_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return TransferEnd::Obstacle::kName;
    case CURLE_COULDNT_CONNECT:
      return TransferEnd::Obstacle::kRefused;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return TransferEnd::Obstacle::kTls;
    default:
      return TransferEnd::Obstacle::kOther;
  }
}

}  // namespace

void CurlTransfer::record_end(CURLcode code) {
  using How = TransferEnd::How;
  How how = How::kBroken;
  if (code == CURLE_OK) {
    how = How::kComplete;
  } else if (too_large_) {
    how = How::kTooLarge;
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    how = connected_ ? How::kTimedOut : How::kConnectTimedOut;
  } else if (!connected_) {
    how = How::kNotConnected;
  }
  record_end(TransferEnd{
      how, reason_[0] != '\0' ? std::string(reason_) : std::string(curl_easy_strerror(code)),
      request_written(), how == How::kNotConnected ? obstacle_of(code) : TransferEnd::Obstacle::kNone});
}

bool CurlTransfer::request_written() const {
  if (!connected_) return false;
  long head = 0;
  curl_off_t body = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &head);
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &body);
  std::uint64_t expected = 0;
  if (source_) expected = source_->size;
  if (request_.borrowed_body) expected = request_.borrowed_body->size();
  if (request_.body) expected = request_.body->size();
  return head > 0 && static_cast<std::uint64_t>(body) >= expected;
}

void CurlTransfer::record_end(TransferEnd end) {
  end_ = std::move(end);
  mark_ready();
}

void CurlTransfer::deliver() {
  on_ready_list_ = false;
  const auto handler = handler_;  // handler_ goes when a call below cancels us
  if (handler_ && std::exchange(connected_unreported_, false)) handler->on_connected();
  if (handler_ && std::exchange(head_unreported_, false)) handler->on_head(head_);
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

}  // namespace shunt::http
