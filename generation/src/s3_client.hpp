#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "s3_answer.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/http/blocking_client.hpp"
#include "shunt/http/body_source.hpp"

namespace shunt::generation::s3 {

// Options as they are used, the endpoint without slashes at its end. Fails with `invalid_configuration` for
// those that cannot be meant.
[[nodiscard]] Result<S3Options> checked(S3Options options);

// The SHA-256 of no bytes, which a request without a body is signed with.
[[nodiscard]] const std::string& digest_of_nothing();

// A request about one object, or, with a query, about the bucket.
struct Request {
  std::string method = "GET";
  std::string name{};  // after the prefix; letters, digits and . _ / - only
  std::string
      query{};  // encoded, in the order of the names, as signatures have it; the object is not named then
  std::string digest = digest_of_nothing();  // of the body
  std::string_view body{};                   // of a PUT
  std::optional<http::BodySource> source{};  // instead of it
  std::optional<Part> part{};                // of a GET
  std::size_t most = std::size_t(-1);        // more bytes than these end a GET
  std::chrono::milliseconds timeout{0};      // of one try; 0: as configured
  std::size_t tries = 0;                     // likewise
};

// Signed requests to a bucket, tried again where the answer may be another one. Calls block. Any thread.
class Client {
 public:
  // Options that checked() has returned.
  explicit Client(S3Options options);

  [[nodiscard]] Answer ask(const Request& request);
  [[nodiscard]] const S3Options& options() const noexcept { return options_; }

 private:
  using Connection = std::unique_ptr<http::BlockingClient>;

  [[nodiscard]] Answer try_once(const Request& request);
  [[nodiscard]] http::ClientRequest made(const Request& request) const;
  Connection take_connection();
  void give_connection(Connection connection);

  const S3Options options_;
  const std::string bucket_url_;
  const http::AwsSignature signature_;
  std::mutex mutex_;
  std::vector<Connection> idle_;
};

}  // namespace shunt::generation::s3
