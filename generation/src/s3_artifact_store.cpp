#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "shunt/base/digest.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt {
namespace {

using std::chrono::milliseconds;

// Before the second try; doubled for each further one.
constexpr milliseconds kFirstPause{200};
// What is read of an error's body.
constexpr std::size_t kErrorBytes = 4096;

struct CloseHandle {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

HeaderList list_of(const std::vector<std::string>& headers) {
  HeaderList list;
  for (const std::string& header : headers) {
    curl_slist* const longer = curl_slist_append(list.get(), header.c_str());
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

struct Answer {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string body;
  std::string problem;              // of the transfer
  std::optional<std::size_t> size;  // of the whole object, where a part was asked for
};

// One answer's bytes. An error's are cut, since nobody knows what sends them.
struct Sink {
  CURL* handle = nullptr;
  std::string* body = nullptr;
  std::size_t most = std::size_t(-1);  // more than that is not what was asked for
};

std::size_t take_bytes(char* data, std::size_t, std::size_t size, void* to) {
  const Sink& sink = *static_cast<Sink*>(to);
  long status = 0;
  curl_easy_getinfo(sink.handle, CURLINFO_RESPONSE_CODE, &status);
  const bool wanted = status == 200 || status == 206;
  if (wanted && size > sink.most - sink.body->size()) return 0;  // ends the transfer
  if (wanted || sink.body->size() < kErrorBytes) sink.body->append(data, size);
  return size;
}

// What is behind the "/" of Content-Range, or the length of an answer that is the whole.
std::optional<std::size_t> whole_size(CURL* curl, long status) {
  if (status == 200) {
    curl_off_t length = -1;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(length));
  }
  curl_header* header = nullptr;
  if (curl_easy_header(curl, "Content-Range", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return std::nullopt;
  const std::string_view text(header->value);
  const std::string_view digits = text.substr(std::min(text.rfind('/'), text.size() - 1) + 1);
  std::size_t size = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  return parsed.ec == std::errc() ? std::optional(size) : std::nullopt;
}

// "NoSuchBucket" of "<Error><Code>NoSuchBucket</Code>...".
std::string code_of(std::string_view body) {
  const auto begin = body.find("<Code>");
  const auto end = body.find("</Code>");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
  return std::string(body.substr(begin + 6, std::min<std::size_t>(end - begin - 6, 100)));
}

bool may_go_better(const Answer& answer) {
  return answer.code != CURLE_OK || answer.status >= 500 || answer.status == 429;
}

class S3ArtifactStore final : public ArtifactStore {
 public:
  explicit S3ArtifactStore(S3Options options)
      : options_(std::move(options)),
        base_(options_.endpoint + '/' + options_.bucket + '/' + options_.prefix),
        login_(options_.access_key + ':' + options_.secret_key),
        signing_("aws:amz:" + options_.region + ":s3") {}

  Result<std::string> put(std::string_view bytes) override {
    std::string digest = sha256_hex(bytes);
    const Answer answer = request("PUT", digest, digest, bytes);
    if (answer.code == CURLE_OK && answer.status == 200) return digest;
    return failed("storing", answer);
  }

  Result<std::shared_ptr<const std::string>> get(const std::string& sha256) override {
    static const std::string kOfNothing = sha256_hex("");
    // What is no digest never becomes part of a URL.
    if (!is_sha256_hex(sha256)) return not_a_digest();
    Answer answer = request("GET", sha256, kOfNothing, {});
    if (answer.code == CURLE_OK && answer.status == 404 && code_of(answer.body) != "NoSuchBucket")
      return gone();
    if (answer.code != CURLE_OK || answer.status != 200) return failed("reading", answer);
    if (sha256_hex(answer.body) != sha256) {
      return Error{std::string(error_code::kArtifactStoreFailed),
                   "the object \"" + options_.prefix + sha256 + "\" does not hold the bytes it is named by"};
    }
    return std::make_shared<const std::string>(std::move(answer.body));
  }

  Result<std::shared_ptr<const std::string>> read(const std::string& sha256, std::size_t size,
                                                  std::size_t offset, std::size_t length) override {
    static const std::string kOfNothing = sha256_hex("");
    if (!is_sha256_hex(sha256)) return not_a_digest();
    // Of nothing at all the first byte is asked for, which is not there if it is nothing.
    Answer answer = request("GET", sha256, kOfNothing, {}, Part{offset, std::max<std::size_t>(length, 1)});
    if (answer.code == CURLE_OK && answer.status == 416 && size == 0 && length == 0)
      return std::make_shared<const std::string>();
    if (answer.code == CURLE_OK && answer.status == 404 && code_of(answer.body) != "NoSuchBucket")
      return gone();
    // A server that knows no ranges sends the whole, which is right if that was asked for.
    const bool right = answer.status == 206 || (answer.status == 200 && offset == 0);
    if (answer.code != CURLE_OK || !right) return failed("reading", answer);
    if (length == 0 && size > 0) answer.body.clear();
    if (answer.body.size() != length || answer.size != size) {
      return Error{
          std::string(error_code::kArtifactStoreFailed),
          "the object \"" + options_.prefix + sha256 + "\" has another size than it is said to have"};
    }
    return std::make_shared<const std::string>(std::move(answer.body));
  }

  Result<void> remove(const std::string& sha256) override {
    static const std::string kOfNothing = sha256_hex("");
    if (!is_sha256_hex(sha256)) return {};
    const Answer answer = request("DELETE", sha256, kOfNothing, {});
    const bool gone = answer.status == 200 || answer.status == 204 || answer.status == 404;
    if (answer.code == CURLE_OK && gone && code_of(answer.body) != "NoSuchBucket") return {};
    return failed("removing", answer);
  }

  Result<std::size_t> expire(milliseconds) override { return std::size_t{0}; }

 private:
  struct Part {
    std::size_t offset;
    std::size_t length;
  };

  static Error gone() {
    return {std::string(error_code::kArtifactGone),
            "the artifact has expired: its bytes are not stored any more"};
  }

  Answer request(const char* method, const std::string& name, const std::string& digest,
                 std::string_view bytes, const std::optional<Part>& part = {}) {
    Answer answer;
    milliseconds pause = kFirstPause;
    for (std::size_t tries = 1;; ++tries, pause *= 2) {
      answer = try_once(method, name, digest, bytes, part);
      if (!may_go_better(answer) || tries >= options_.tries) return answer;
      std::this_thread::sleep_for(pause);
    }
  }

  Answer try_once(const char* method, const std::string& name, const std::string& digest,
                  std::string_view bytes, const std::optional<Part>& part) {
    Answer answer;
    Handle handle = take_handle();
    CURL* const curl = handle.get();
    const std::string url = base_ + name;
    // No question beforehand whether a large body is welcome.
    const HeaderList headers =
        list_of({"x-amz-content-sha256: " + digest, "Content-Type: application/octet-stream", "Expect:"});
    Sink sink{curl, &answer.body};
    if (part) sink.most = part->length;
    std::string problem(CURL_ERROR_SIZE, '\0');
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, signing_.c_str());
    curl_easy_setopt(curl, CURLOPT_USERPWD, login_.c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem.data());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.request_timeout.count()));
    // Not among the signed headers, as libcurl adds it.
    const std::string range =
        part ? std::to_string(part->offset) + '-' + std::to_string(part->offset + part->length - 1)
             : std::string();
    if (part) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
    if (std::string_view(method) == "PUT") {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes.empty() ? "" : bytes.data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
    }
    answer.code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (answer.code != CURLE_OK) {
      answer.problem = problem.c_str();
      if (answer.problem.empty()) answer.problem = curl_easy_strerror(answer.code);
    }
    if (part) answer.size = whole_size(curl, answer.status);
    give_handle(std::move(handle));
    return answer;
  }

  static Error not_a_digest() {
    return {std::string(error_code::kArtifactGone), "an artifact is named by the SHA-256 of its bytes"};
  }

  [[nodiscard]] Error failed(std::string_view what, const Answer& answer) const {
    std::string message(what);
    message += " an artifact failed: ";
    if (answer.code != CURLE_OK) {
      message += answer.problem;
    } else {
      message += options_.endpoint + " answered " + std::to_string(answer.status);
      if (const std::string code = code_of(answer.body); !code.empty()) message += " (" + code + ')';
    }
    Error error{std::string(error_code::kArtifactStoreFailed), std::move(message), may_go_better(answer)};
    return std::move(error).with("bucket", options_.bucket);
  }

  // Handles keep their connections, so a call need not make one.
  Handle take_handle() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return Handle(curl_easy_init());
    Handle handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
  }
  void give_handle(Handle handle) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(handle));
  }

  const S3Options options_;
  const std::string base_;
  const std::string login_;
  const std::string signing_;
  std::mutex mutex_;
  std::vector<Handle> idle_;
};

bool only_has(std::string_view text, std::string_view besides) {
  return std::ranges::all_of(text, [besides](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           besides.find(c) != std::string_view::npos;
  });
}

Error invalid(std::string message) {
  return {"invalid_configuration", std::move(message)};
}

}  // namespace

Result<std::unique_ptr<ArtifactStore>> make_s3_artifact_store(S3Options options) {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kReady != CURLE_OK) return invalid("libcurl cannot be initialized");
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  if (!options.endpoint.starts_with("http://") && !options.endpoint.starts_with("https://"))
    return invalid("artifacts.s3.endpoint must begin with http:// or https://, got \"" + options.endpoint +
                   '"');
  if (options.bucket.empty() || !only_has(options.bucket, ".-"))
    return invalid("artifacts.s3.bucket must be a bucket's name: letters, digits, dots and hyphens");
  // Signatures are about encoded paths, and servers do not agree how to encode others.
  if (!only_has(options.prefix, "._/-"))
    return invalid("artifacts.s3.prefix may have letters, digits and . _ / - only");
  if (options.access_key.empty() || options.secret_key.empty())
    return invalid("artifacts.s3 needs an access key and a secret key");
  return std::unique_ptr<ArtifactStore>(std::make_unique<S3ArtifactStore>(std::move(options)));
}

}  // namespace shunt
