#include "otlp_client.hpp"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <new>
#include <stdexcept>

namespace shunt::tracing {
namespace {

// What is read of an answer, which says little.
constexpr std::size_t kMaxAnswerBytes = 64UL * 1024;
constexpr std::chrono::milliseconds kLongestPoll{1'000};

// libcurl 7.88 does not set close-on-exec, and the `command` driver runs programs beside us.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t take_body(const char* data, std::size_t, std::size_t size, void* to) {
  auto& body = *static_cast<std::string*>(to);
  body.append(data, std::min(size, kMaxAnswerBytes - body.size()));
  return size;
}

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  if (curl_easy_setopt(easy, option, value) != CURLE_OK) throw std::bad_alloc();
}

}  // namespace

class OtlpClient::Impl {
 public:
  explicit Impl(const ExporterOptions& options) : url_(options.url) {
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = curl_multi_init();
    easy_ = curl_easy_init();
    if (kReady != CURLE_OK || multi_ == nullptr || easy_ == nullptr) {
      throw std::runtime_error("libcurl cannot be initialized");
    }
    append_header("Content-Type: application/json");
    // No question beforehand whether a large body is welcome.
    append_header("Expect:");
    for (const auto& [name, value] : options.headers) append_header(name + ": " + value);
    set_options();
  }

  ~Impl() {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Answer post(const std::string& body, SteadyTime until) {
    Answer answer;
    reason_.fill('\0');
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(easy_, CURLOPT_POSTFIELDS, body.data());
    set(easy_, CURLOPT_WRITEDATA, static_cast<void*>(&answer.body));
    if (curl_multi_add_handle(multi_, easy_) != CURLM_OK) throw std::bad_alloc();
    const std::optional<CURLcode> code = drive(until);
    if (code == CURLE_OK) {
      read_head(answer);
    } else {
      answer.problem = !code                ? "no answer in time"
                       : reason_[0] != '\0' ? reason_.data()
                                            : curl_easy_strerror(*code);
    }
    curl_multi_remove_handle(multi_, easy_);
    return answer;
  }

  void interrupt(SteadyTime until) noexcept {
    until_ = until.time_since_epoch().count();
    curl_multi_wakeup(multi_);
  }

 private:
  void append_header(const std::string& header) {
    curl_slist* const longer = curl_slist_append(headers_, header.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    headers_ = longer;
  }

  void set_options() {
    set(easy_, CURLOPT_URL, url_.c_str());
    set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy_, CURLOPT_NOSIGNAL, 1L);
    set(easy_, CURLOPT_POST, 1L);
    set(easy_, CURLOPT_HTTPHEADER, headers_);
    set(easy_, CURLOPT_ERRORBUFFER, reason_.data());
    set(easy_, CURLOPT_WRITEFUNCTION, &take_body);
    set(easy_, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    // A name that does not resolve must not hold up the end of the process.
    set(easy_, CURLOPT_QUICK_EXIT, 1L);
  }

  // Nothing: it was out of time.
  std::optional<CURLcode> drive(SteadyTime until) {
    int running = 0;
    do {
      if (curl_multi_perform(multi_, &running) != CURLM_OK) return CURLE_FAILED_INIT;
      if (running == 0) break;
      const SteadyTime interrupted{SteadyTime::duration(until_)};
      const auto left = std::min(until, interrupted) - std::chrono::steady_clock::now();
      if (left.count() <= 0) return std::nullopt;
      const auto wait = std::min(std::chrono::ceil<std::chrono::milliseconds>(left), kLongestPoll);
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()), nullptr);
    } while (true);
    int queued = 0;
    const CURLMsg* const message = curl_multi_info_read(multi_, &queued);
    return message == nullptr ? CURLE_FAILED_INIT : message->data.result;
  }

  void read_head(Answer& answer) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    curl_header* header = nullptr;
    if (curl_easy_header(easy_, "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK) {
      answer.retry_after = header->value;
    }
  }

  const std::string url_;
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  std::atomic<SteadyTime::rep> until_{SteadyTime::max().time_since_epoch().count()};
};

OtlpClient::OtlpClient(const ExporterOptions& options) : impl_(std::make_unique<Impl>(options)) {}
OtlpClient::~OtlpClient() = default;

Answer OtlpClient::post(const std::string& body, SteadyTime until) {
  return impl_->post(body, until);
}

void OtlpClient::interrupt(SteadyTime until) noexcept {
  impl_->interrupt(until);
}

}  // namespace shunt::tracing
