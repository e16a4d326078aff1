#include "s3_client.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "shunt/base/digest.hpp"

namespace shunt::generation::s3 {
namespace {

using std::chrono::milliseconds;

// Before the second try; doubled for each further one.
constexpr milliseconds kFirstPause{200};
// What is read of an error's body.
constexpr std::size_t kErrorBytes = 4096;
// A body that is slower than this has to be sent elsewhere.
constexpr std::uint64_t kSlowestBytesAMs = 256;

bool only_has(std::string_view text, std::string_view besides) {
  return std::ranges::all_of(text, [besides](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           besides.find(c) != std::string_view::npos;
  });
}

Error not_meant(std::string message) {
  return {"invalid_configuration", std::move(message)};
}

}  // namespace

Result<S3Options> checked(S3Options options) {
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  if (!options.endpoint.starts_with("http://") && !options.endpoint.starts_with("https://"))
    return not_meant("artifacts.s3.endpoint must begin with http:// or https://, got \"" + options.endpoint +
                     '"');
  if (options.bucket.empty() || !only_has(options.bucket, ".-"))
    return not_meant("artifacts.s3.bucket must be a bucket's name: letters, digits, dots and hyphens");
  // Signatures are about encoded paths, and servers do not agree how to encode others.
  if (!only_has(options.prefix, "._/-"))
    return not_meant("artifacts.s3.prefix may have letters, digits and . _ / - only");
  if (options.access_key.empty() || options.secret_key.empty())
    return not_meant("artifacts.s3 needs an access key and a secret key");
  return options;
}

const std::string& digest_of_nothing() {
  static const std::string kOfNothing = sha256_hex("");
  return kOfNothing;
}

Client::Client(S3Options options)
    : options_(std::move(options)),
      bucket_url_(options_.endpoint + '/' + options_.bucket),
      signature_{.provider = "aws:amz:" + options_.region + ":s3",
                 .login = options_.access_key + ':' + options_.secret_key} {}

Answer Client::ask(const Request& request) {
  const std::size_t most_tries = request.tries > 0 ? request.tries : options_.tries;
  milliseconds pause = kFirstPause;
  for (std::size_t tries = 1;; ++tries, pause *= 2) {
    Answer answer = try_once(request);
    if (!may_go_better(answer) || tries >= most_tries) return answer;
    std::this_thread::sleep_for(pause);
  }
}

http::ClientRequest Client::made(const Request& request) const {
  http::ClientRequest made;
  made.method = request.method;
  made.url = request.query.empty() ? bucket_url_ + '/' + options_.prefix + request.name
                                   : bucket_url_ + '?' + request.query;
  made.proxy.reset();
  made.headers = {"x-amz-content-sha256: " + request.digest, "Content-Type: application/octet-stream"};
  made.signature = signature_;
  made.connect_timeout = options_.connect_timeout;
  made.total_timeout = request.timeout.count() > 0 ? request.timeout : options_.request_timeout;
  if (request.source) {
    // A server that takes nothing more has no longer than one that answers nothing.
    made.silence_timeout = std::chrono::ceil<std::chrono::seconds>(made.total_timeout);
    made.total_timeout += milliseconds(request.source->size / kSlowestBytesAMs);
  } else if (request.method == "PUT") {
    made.borrowed_body = request.body;
  }
  if (request.part) {
    made.range = std::to_string(request.part->offset) + '-' +
                 std::to_string(request.part->offset + request.part->asked() - 1);
  }
  return made;
}

// Bytes that were not asked for, an error's above all, are cut, since nobody knows what sends them; more than
// `most` of those that were end the transfer.
Answer Client::try_once(const Request& request) {
  const std::size_t most = request.part ? request.part->asked() : request.most;
  Answer answer;
  bool too_much = false;
  const bool reads = request.method == "GET";
  const auto take = [&](const http::ResponseHead& head, std::string_view more) {
    const bool wanted = reads && (head.status == 200 || head.status == 206);
    too_much = wanted && more.size() > most - answer.body.size();
    if (too_much) return false;
    if (wanted || answer.body.size() < kErrorBytes) answer.body += more;
    return true;
  };
  Connection connection = take_connection();
  http::ClientResponse response = request.source ? connection->put(made(request), *request.source, take)
                                                 : connection->perform(made(request), take);
  give_connection(std::move(connection));
  answer.complete = response.complete();
  if (!answer.complete)
    answer.problem = too_much ? "more bytes came than were asked for" : response.end.reason;
  answer.status = response.head.status;
  answer.content_length = response.head.content_length;
  answer.content_range = std::move(response.head.content_range);
  return answer;
}

// Connections are kept, so a call need not make one. There are as many as calls at once.
Client::Connection Client::take_connection() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<http::BlockingClient>();
  Connection connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Client::give_connection(Connection connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace shunt::generation::s3
