#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Where artifacts and large results lie between the process that made them and the one that hands them out:
// by the SHA-256 of their bytes, so that storing twice is storing once. Calls block (a disk, a network): make
// them on a thread of your own. Any thread.
class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;

  // Stores the bytes and returns their SHA-256 (64 lower-case hex digits). They are there, whole and durable,
  // when this returns. Fails with `artifact_store_failed`.
  [[nodiscard]] virtual Result<std::string> put(std::string_view bytes) = 0;
  // The bytes, which have this SHA-256 and this size: no more than that is read, whatever lies there. Fails
  // with `artifact_gone` when they have expired or never were, and with `artifact_store_failed` when the
  // store cannot be read or what lies there is something else.
  [[nodiscard]] virtual Result<std::shared_ptr<const std::string>> get(const std::string& sha256,
                                                                       std::size_t size);
  // Exactly `length` of the bytes from `offset` on, without a look at the others and so without a check of
  // the digest. `size` is what all of them are said to be: fails as get() does, with `artifact_store_failed`
  // also where what is stored has another size, since an event that tells a wrong one is not to be believed.
  [[nodiscard]] virtual Result<std::shared_ptr<const std::string>> read(const std::string& sha256,
                                                                        std::size_t size, std::size_t offset,
                                                                        std::size_t length) = 0;
  // Removes the bytes with this SHA-256, which nobody needs any more; fine when they are not there. Fails
  // with `artifact_store_failed`.
  virtual Result<void> remove(const std::string& sha256) = 0;
  // Removes what was stored, or stored again, longer ago than `age`, and returns how many that were. A call
  // looks at a part of the store only, and the next one at the next part: a bounded piece of work, to be
  // repeated for as long as the process lives. Fails with `artifact_store_failed`.
  virtual Result<std::size_t> expire(std::chrono::milliseconds age) = 0;
};

// Files in a folder that all processes share (a local disk, or a network file system between machines). Made
// with its parents when missing. Fails with `artifact_store_failed` when the folder cannot be written to.
// Sixteen calls of expire() look at all of it.
[[nodiscard]] Result<std::unique_ptr<ArtifactStore>> make_directory_artifact_store(
    std::filesystem::path folder);

// A bucket of S3, or of a server that speaks its protocol.
struct S3Options {
  std::string endpoint;  // "https://s3.eu-central-1.amazonaws.com", "http://127.0.0.1:9000"
  std::string region = "us-east-1";
  std::string bucket;
  std::string prefix = "shunt/";  // in front of every object's name
  std::string access_key;
  std::string secret_key;
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds request_timeout{30'000};  // of one try
  std::size_t tries = 3;                              // of what may go better: 5xx, 429, no answer
};

// Requests are signed (AWS Signature Version 4) and go to <endpoint>/<bucket>/<prefix><digest>. The server is
// not asked anything before the first use. Objects are removed by a lifecycle rule of the bucket: expire()
// does nothing. Fails with `invalid_configuration` for options that cannot be meant.
[[nodiscard]] Result<std::unique_ptr<ArtifactStore>> make_s3_artifact_store(S3Options options);

}  // namespace shunt::generation
