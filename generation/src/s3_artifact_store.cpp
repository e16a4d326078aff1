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
#include "shunt/http/blocking_client.hpp"

namespace shunt {
namespace {

using std::chrono::milliseconds;

// Before the second try; doubled for each further one.
constexpr milliseconds kFirstPause{200};
// What is read of an error's body.
constexpr std::size_t kErrorBytes = 4096;

struct Answer {
  http::TransferEnd end;
  http::ResponseHead head;
  std::string body;

  // Whether there is one, whatever it says.
  [[nodiscard]] bool there() const noexcept { return end.how == http::TransferEnd::How::kComplete; }
  [[nodiscard]] int status() const noexcept { return there() ? head.status : 0; }
};

// Of the whole object, where a part was asked for: what is behind the "/" of Content-Range, or the length of
// an answer that is the whole.
std::optional<std::size_t> whole_size(const http::ResponseHead& head) {
  if (head.status == 200) return head.content_length;
  const std::string_view text(head.content_range);
  if (text.empty()) return std::nullopt;
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
  return !answer.there() || answer.status() >= 500 || answer.status() == 429;
}

class S3ArtifactStore final : public ArtifactStore {
 public:
  explicit S3ArtifactStore(S3Options options)
      : options_(std::move(options)),
        base_(options_.endpoint + '/' + options_.bucket + '/' + options_.prefix),
        signature_{.provider = "aws:amz:" + options_.region + ":s3",
                   .login = options_.access_key + ':' + options_.secret_key} {}

  Result<std::string> put(std::string_view bytes) override {
    std::string digest = sha256_hex(bytes);
    const Answer answer = request("PUT", digest, digest, bytes);
    if (answer.status() == 200) return digest;
    return failed("storing", answer);
  }

  Result<std::shared_ptr<const std::string>> get(const std::string& sha256) override {
    static const std::string kOfNothing = sha256_hex("");
    // What is no digest never becomes part of a URL.
    if (!is_sha256_hex(sha256)) return not_a_digest();
    Answer answer = request("GET", sha256, kOfNothing, {});
    if (answer.status() == 404 && code_of(answer.body) != "NoSuchBucket") return gone();
    if (answer.status() != 200) return failed("reading", answer);
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
    if (answer.status() == 416 && size == 0 && length == 0) return std::make_shared<const std::string>();
    if (answer.status() == 404 && code_of(answer.body) != "NoSuchBucket") return gone();
    // A server that knows no ranges sends the whole, which is right if that was asked for.
    const bool right = answer.status() == 206 || (answer.status() == 200 && offset == 0);
    if (!right) return failed("reading", answer);
    if (length == 0 && size > 0) answer.body.clear();
    if (answer.body.size() != length || whole_size(answer.head) != size) {
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
    const bool gone = answer.status() == 200 || answer.status() == 204 || answer.status() == 404;
    if (gone && code_of(answer.body) != "NoSuchBucket") return {};
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

  Answer request(const std::string& method, const std::string& name, const std::string& digest,
                 std::string_view bytes, const std::optional<Part>& part = {}) {
    Answer answer;
    milliseconds pause = kFirstPause;
    for (std::size_t tries = 1;; ++tries, pause *= 2) {
      answer = try_once(method, name, digest, bytes, part);
      if (!may_go_better(answer) || tries >= options_.tries) return answer;
      std::this_thread::sleep_for(pause);
    }
  }

  Answer try_once(const std::string& method, const std::string& name, const std::string& digest,
                  std::string_view bytes, const std::optional<Part>& part) {
    http::ClientRequest request;
    request.method = method;
    request.url = base_ + name;
    request.proxy.reset();
    request.headers = {"x-amz-content-sha256: " + digest, "Content-Type: application/octet-stream"};
    request.signature = signature_;
    request.connect_timeout = options_.connect_timeout;
    request.total_timeout = options_.request_timeout;
    if (method == "PUT") request.borrowed_body = bytes;
    if (part) {
      request.range = std::to_string(part->offset) + '-' + std::to_string(part->offset + part->length - 1);
    }
    Answer answer;
    // An error's bytes are cut, since nobody knows what sends them; more than was asked for is not the
    // answer.
    const std::size_t most = part ? part->length : std::size_t(-1);
    bool too_much = false;
    const auto take = [&](const http::ResponseHead& head, std::string_view more) {
      const bool wanted = head.status == 200 || head.status == 206;
      too_much = wanted && more.size() > most - answer.body.size();
      if (too_much) return false;
      if (wanted || answer.body.size() < kErrorBytes) answer.body += more;
      return true;
    };
    auto client = take_client();
    http::ClientResponse response = client->perform(std::move(request), take);
    give_client(std::move(client));
    answer.end = std::move(response.end);
    if (too_much) answer.end.reason = "more bytes came than were asked for";
    answer.head = std::move(response.head);
    return answer;
  }

  static Error not_a_digest() {
    return {std::string(error_code::kArtifactGone), "an artifact is named by the SHA-256 of its bytes"};
  }

  [[nodiscard]] Error failed(std::string_view what, const Answer& answer) const {
    std::string message(what);
    message += " an artifact failed: ";
    if (!answer.there()) {
      message += answer.end.reason;
    } else {
      message += options_.endpoint + " answered " + std::to_string(answer.status());
      if (const std::string code = code_of(answer.body); !code.empty()) message += " (" + code + ')';
    }
    Error error{std::string(error_code::kArtifactStoreFailed), std::move(message), may_go_better(answer)};
    return std::move(error).with("bucket", options_.bucket);
  }

  using Client = std::unique_ptr<http::BlockingClient>;

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

}  // namespace shunt
