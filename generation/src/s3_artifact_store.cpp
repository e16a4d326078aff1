#include <memory>
#include <utility>

#include "s3_answer.hpp"
#include "s3_client.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

class S3ArtifactStore final : public ArtifactStore {
 public:
  explicit S3ArtifactStore(S3Options options)
      : bucket_{options.endpoint, options.bucket, options.prefix}, client_(std::move(options)) {}

  Result<std::string> put(std::string_view bytes) override {
    std::string digest = sha256_hex(bytes);
    const s3::Answer answer = client_.ask({.method = "PUT", .name = digest, .digest = digest, .body = bytes});
    if (auto done = s3::stored(answer, bucket_); !done) return std::move(done).error();
    return digest;
  }

  Result<std::shared_ptr<const std::string>> read(const std::string& sha256, std::size_t size,
                                                  std::size_t offset, std::size_t length) override {
    // What is no digest never becomes part of a URL.
    if (!is_sha256_hex(sha256)) return not_a_digest();
    const s3::Part part{size, offset, length};
    return shared(s3::part_of_object(client_.ask({.name = sha256, .part = part}), bucket_, sha256, part));
  }

  Result<void> remove(const std::string& sha256) override {
    if (!is_sha256_hex(sha256)) return {};
    return s3::removed(client_.ask({.method = "DELETE", .name = sha256}), bucket_);
  }

  Result<std::size_t> expire(std::chrono::milliseconds) override { return std::size_t{0}; }

 private:
  static Result<std::shared_ptr<const std::string>> shared(Result<std::string> bytes) {
    if (!bytes) return std::move(bytes).error();
    return std::make_shared<const std::string>(std::move(*bytes));
  }

  static Error not_a_digest() {
    return {error_code::kArtifactGone, "an artifact is named by the SHA-256 of its bytes"};
  }

  const s3::Bucket bucket_;
  s3::Client client_;
};

}  // namespace

Result<std::unique_ptr<ArtifactStore>> make_s3_artifact_store(S3Options options) {
  auto usable = s3::checked(std::move(options));
  if (!usable) return std::move(usable).error();
  return std::unique_ptr<ArtifactStore>(std::make_unique<S3ArtifactStore>(std::move(*usable)));
}

}  // namespace shunt::generation
