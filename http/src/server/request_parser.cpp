#include "server/request_parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <string>

#include "shunt/http/problem_code.hpp"

namespace shunt::http {

namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using beast::error_code;
using BeastView = beast::string_view;

namespace {

std::string_view to_std(BeastView text) noexcept {
  return {text.data(), text.size()};
}

Error malformed(std::string_view what) {
  return {problem_code::kMalformedRequest, "the request is not HTTP/1.1: " + std::string(what)};
}

Error from_beast(const error_code& failure) {
  if (failure == beast_http::error::bad_version) {
    return {problem_code::kHttpVersionUnsupported, "this server speaks HTTP/1.1 and HTTP/1.0"};
  }
  if (failure == beast_http::error::bad_transfer_encoding ||
      failure == beast_http::error::bad_content_length ||
      failure == beast_http::error::multiple_content_length) {
    return malformed("Content-Length and Transfer-Encoding contradict each other or cannot be read");
  }
  return malformed(failure.message());
}

}  // namespace

// Gathers what Beast's state machine reports into a Request.
class RequestParser::Machine final : public beast_http::basic_parser<true> {
 public:
  explicit Machine(Request& request) : request_(request) {
    // Both limits are ours: the header's size is checked while it is read, the body's limit depends on the
    // key.
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
  }

  void set_limit(std::size_t limit) noexcept { limit_ = limit; }

 private:
  void on_request_impl(beast_http::verb, BeastView method, BeastView target, int version,
                       error_code&) override {
    request_.method.assign(method.data(), method.size());
    request_.target.assign(target.data(), target.size());
    request_.http11 = version == 11;
  }
  void on_response_impl(int, BeastView, int, error_code&) override {}
  void on_field_impl(beast_http::field, BeastView name, BeastView value, error_code&) override {
    // Trailers come after every decision has been taken: they change nothing.
    if (!in_trailers_) request_.headers.add(to_std(name), to_std(value));
  }
  void on_header_impl(error_code&) override { in_trailers_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView piece, error_code& failure) override { return append(piece, failure); }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView piece, error_code& failure) override {
    return append(piece, failure);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t append(BeastView piece, error_code& failure) {
    if (piece.size() > limit_ - std::min(limit_, received_)) {
      failure = beast_http::error::body_limit;
      return 0;
    }
    received_ += piece.size();
    request_.body.append(piece.data(), piece.size());
    return piece.size();
  }

  Request& request_;
  std::size_t limit_ = 0;
  std::size_t received_ = 0;  // of the body, of which parts may have been taken already
  bool in_trailers_ = false;
};

RequestParser::RequestParser() = default;
RequestParser::~RequestParser() = default;

void RequestParser::reset(Request& request) {
  request.clear();
  machine_ = std::make_unique<Machine>(request);
  request_ = &request;
}

std::optional<Error> RequestParser::parse_header(std::string_view block) {
  error_code failure;
  const std::size_t used = machine_->put({block.data(), block.size()}, failure);
  if (failure == beast_http::error::need_more) return malformed("the header block ends early");
  if (failure) return from_beast(failure);
  if (used != block.size() || !machine_->is_header_done()) return malformed("the header block has no end");
  request_->keep_alive = machine_->keep_alive();
  request_->chunked = machine_->chunked();
  if (const auto length = machine_->content_length()) request_->content_length = *length;
  return std::nullopt;
}

RequestParser::Fed RequestParser::feed_body(std::string_view bytes, std::size_t limit) {
  machine_->set_limit(limit);
  Fed fed;
  while (!machine_->is_done() && fed.used < bytes.size()) {
    const std::string_view rest = bytes.substr(fed.used);
    error_code failure;
    fed.used += machine_->put({rest.data(), rest.size()}, failure);
    if (failure == beast_http::error::need_more) break;
    if (failure == beast_http::error::body_limit) {
      fed.error = body_too_large(limit);
      break;
    }
    if (failure) {
      fed.error = from_beast(failure);
      break;
    }
  }
  return fed;
}

void RequestParser::release() noexcept {
  machine_.reset();
}

bool RequestParser::done() const noexcept {
  return machine_->is_done();
}

}  // namespace shunt::http
