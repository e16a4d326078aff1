#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "s3_answer.hpp"
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

// One answer's bytes. Those that were not asked for, an error's above all, are cut, since nobody knows what
// sends them.
struct Sink {
  CURL* handle = nullptr;
  std::string* body = nullptr;
  bool reads = false;                  // an object's bytes were asked for
  std::size_t most = std::size_t(-1);  // more than that is not what was asked for
};

std::size_t take_bytes(char* data, std::size_t, std::size_t size, void* to) {
  const Sink& sink = *static_cast<Sink*>(to);
  long status = 0;
  curl_easy_getinfo(sink.handle, CURLINFO_RESPONSE_CODE, &status);
  const bool wanted = sink.reads && (status == 200 || status == 206);
  if (wanted && size > sink.most - sink.body->size()) return 0;  // ends the transfer
  if (wanted || sink.body->size() < kErrorBytes) sink.body->append(data, size);
  return size;
}

std::optional<std::size_t> content_length(CURL* curl) {
  curl_off_t length = -1;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  return length < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(length));
}

std::string content_range(CURL* curl) {
  curl_header* header = nullptr;
  if (curl_easy_header(curl, "Content-Range", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return {};
  return header->amount == 1 ? std::string(header->value) : std::string();
}

class S3ArtifactStore final : public ArtifactStore {
 public:
  explicit S3ArtifactStore(S3Options options)
      : options_(std::move(options)),
        base_(options_.endpoint + '/' + options_.bucket + '/' + options_.prefix),
        login_(options_.access_key + ':' + options_.secret_key),
        signing_("aws:amz:" + options_.region + ":s3"),
        bucket_{options_.endpoint, options_.bucket, options_.prefix} {}

  Result<std::string> put(std::string_view bytes) override {
    std::string digest = sha256_hex(bytes);
    if (auto done = s3::stored(request("PUT", digest, digest, bytes), bucket_); !done)
      return std::move(done).error();
    return digest;
  }

  Result<std::shared_ptr<const std::string>> get(const std::string& sha256) override {
    // What is no digest never becomes part of a URL.
    if (!is_sha256_hex(sha256)) return not_a_digest();
    return shared(s3::whole_object(request("GET", sha256, digest_of_nothing(), {}), bucket_, sha256));
  }

  Result<std::shared_ptr<const std::string>> read(const std::string& sha256, std::size_t size,
                                                  std::size_t offset, std::size_t length) override {
    if (!is_sha256_hex(sha256)) return not_a_digest();
    const s3::Part part{size, offset, length};
    return shared(
        s3::part_of_object(request("GET", sha256, digest_of_nothing(), {}, part), bucket_, sha256, part));
  }

  Result<void> remove(const std::string& sha256) override {
    if (!is_sha256_hex(sha256)) return {};
    return s3::removed(request("DELETE", sha256, digest_of_nothing(), {}), bucket_);
  }

  Result<std::size_t> expire(milliseconds) override { return std::size_t{0}; }

 private:
  static const std::string& digest_of_nothing() {
    static const std::string kOfNothing = sha256_hex("");
    return kOfNothing;
  }

  static Result<std::shared_ptr<const std::string>> shared(Result<std::string> bytes) {
    if (!bytes) return std::move(bytes).error();
    return std::make_shared<const std::string>(std::move(*bytes));
  }

  s3::Answer request(const char* method, const std::string& name, const std::string& digest,
                     std::string_view bytes, const std::optional<s3::Part>& part = {}) {
    s3::Answer answer;
    milliseconds pause = kFirstPause;
    for (std::size_t tries = 1;; ++tries, pause *= 2) {
      answer = try_once(method, name, digest, bytes, part);
      if (!s3::may_go_better(answer) || tries >= options_.tries) return answer;
      std::this_thread::sleep_for(pause);
    }
  }

  s3::Answer try_once(const char* method, const std::string& name, const std::string& digest,
                      std::string_view bytes, const std::optional<s3::Part>& part) {
    s3::Answer answer;
    Handle handle = take_handle();
    CURL* const curl = handle.get();
    const std::string url = base_ + name;
    // No question beforehand whether a large body is welcome.
    const HeaderList headers =
        list_of({"x-amz-content-sha256: " + digest, "Content-Type: application/octet-stream", "Expect:"});
    Sink sink{curl, &answer.body, std::string_view(method) == "GET"};
    if (part) sink.most = part->asked();
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
        part ? std::to_string(part->offset) + '-' + std::to_string(part->offset + part->asked() - 1)
             : std::string();
    if (part) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
    if (std::string_view(method) == "PUT") {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes.empty() ? "" : bytes.data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
    }
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    answer.complete = code == CURLE_OK;
    if (!answer.complete) {
      answer.problem = problem.c_str();
      if (answer.problem.empty()) answer.problem = curl_easy_strerror(code);
    }
    answer.content_length = content_length(curl);
    answer.content_range = content_range(curl);
    give_handle(std::move(handle));
    return answer;
  }

  static Error not_a_digest() {
    return {std::string(error_code::kArtifactGone), "an artifact is named by the SHA-256 of its bytes"};
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
  const s3::Bucket bucket_;
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
