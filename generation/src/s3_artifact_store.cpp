#include <algorithm>
#include <memory>
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
#include "shunt/http/blocking_client.hpp"

namespace shunt::generation {
namespace {

using std::chrono::milliseconds;

// Before the second try; doubled for each further one.
constexpr milliseconds kFirstPause{200};
// What is read of an error's body.
constexpr std::size_t kErrorBytes = 4096;

class S3ArtifactStore final : public ArtifactStore {
 public:
  explicit S3ArtifactStore(S3Options options)
      : options_(std::move(options)),
        base_(options_.endpoint + '/' + options_.bucket + '/' + options_.prefix),
        signature_{.provider = "aws:amz:" + options_.region + ":s3",
                   .login = options_.access_key + ':' + options_.secret_key},
        bucket_{options_.endpoint, options_.bucket, options_.prefix} {}

  Result<std::string> put(std::string_view bytes) override {
    std::string digest = sha256_hex(bytes);
    if (auto done = s3::stored(request("PUT", digest, digest, bytes), bucket_); !done)
      return std::move(done).error();
    return digest;
  }

  Result<std::shared_ptr<const std::string>> read(const std::string& sha256, std::size_t size,
                                                  std::size_t offset, std::size_t length) override {
    // What is no digest never becomes part of a URL.
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
  using Client = std::unique_ptr<http::BlockingClient>;

  static const std::string& digest_of_nothing() {
    static const std::string kOfNothing = sha256_hex("");
    return kOfNothing;
  }

  static Result<std::shared_ptr<const std::string>> shared(Result<std::string> bytes) {
    if (!bytes) return std::move(bytes).error();
    return std::make_shared<const std::string>(std::move(*bytes));
  }

  s3::Answer request(const std::string& method, const std::string& name, const std::string& digest,
                     std::string_view bytes, const std::optional<s3::Part>& part = {}) {
    s3::Answer answer;
    milliseconds pause = kFirstPause;
    for (std::size_t tries = 1;; ++tries, pause *= 2) {
      answer = try_once(method, name, digest, bytes, part);
      if (!s3::may_go_better(answer) || tries >= options_.tries) return answer;
      std::this_thread::sleep_for(pause);
    }
  }

  s3::Answer try_once(const std::string& method, const std::string& name, const std::string& digest,
                      std::string_view bytes, const std::optional<s3::Part>& part) {
    http::ClientRequest request;
    request.method = method;
    request.url = base_ + name;
    request.proxy.reset();
    request.headers = {"x-amz-content-sha256: " + digest, "Content-Type: application/octet-stream"};
    request.signature = signature_;
    request.connect_timeout = options_.connect_timeout;
    request.total_timeout = options_.request_timeout;
    if (method == "PUT") request.borrowed_body = bytes;
    if (part)
      request.range = std::to_string(part->offset) + '-' + std::to_string(part->offset + part->asked() - 1);
    return ask(std::move(request), part ? part->asked() : std::size_t(-1));
  }

  // Bytes that were not asked for, an error's above all, are cut, since nobody knows what sends them; more
  // than `most` of those that were end the transfer.
  s3::Answer ask(http::ClientRequest request, std::size_t most) {
    s3::Answer answer;
    bool too_much = false;
    const bool reads = request.method == "GET";
    const auto take = [&](const http::ResponseHead& head, std::string_view more) {
      const bool wanted = reads && (head.status == 200 || head.status == 206);
      too_much = wanted && more.size() > most - answer.body.size();
      if (too_much) return false;
      if (wanted || answer.body.size() < kErrorBytes) answer.body += more;
      return true;
    };
    Client client = take_client();
    http::ClientResponse response = client->perform(std::move(request), take);
    give_client(std::move(client));
    answer.complete = response.complete();
    if (!answer.complete)
      answer.problem = too_much ? "more bytes came than were asked for" : response.end.reason;
    answer.status = response.head.status;
    answer.content_length = response.head.content_length;
    answer.content_range = std::move(response.head.content_range);
    return answer;
  }

  static Error not_a_digest() {
    return {error_code::kArtifactGone, "an artifact is named by the SHA-256 of its bytes"};
  }

  // Clients keep their connections, so a call need not make one. There are as many as calls at once.
  Client take_client() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<http::BlockingClient>();
    Client client = std::move(idle_.back());
    idle_.pop_back();
    return client;
  }
  void give_client(Client client) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(client));
  }

  const S3Options options_;
  const std::string base_;
  const http::AwsSignature signature_;
  const s3::Bucket bucket_;
  std::mutex mutex_;
  std::vector<Client> idle_;
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

}  // namespace shunt::generation
