#include "server/streamed_body.hpp"

#include <algorithm>

#include "server/body_error.hpp"
#include "shunt/base/overloaded.hpp"
#include "shunt/http/problem_code.hpp"

namespace shunt::http {

// The body's time, and more for what has come.
void StreamedBody::set_deadline() {
  const auto earned = std::chrono::milliseconds(received_ * 1000 / kSlowestUpload);
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(waited_);
  client_.set_deadline(std::max(limits_.body_timeout + earned - waited, std::chrono::milliseconds(0)));
}

Task<Result<std::string_view>> StreamedBody::more() {
  request_.body.clear();
  if (broken_) co_return Error{problem_code::kMalformedRequest, "the body has ended early"};
  for (;;) {
    const RequestParser::Fed fed = parser_.feed_body(client_.in().view(), max_bytes_);
    client_.in().consume(fed.used);
    if (fed.error) {
      broken_ = true;
      co_return *fed.error;
    }
    received_ += request_.body.size();
    if (!request_.body.empty() || parser_.done()) co_return std::string_view(request_.body);
    if (client_.in().size() > limits_.max_header_bytes) {
      broken_ = true;
      co_return trailer_too_long(limits_.max_header_bytes);
    }
    set_deadline();
    const SteadyTime asked_at = std::chrono::steady_clock::now();
    auto more = client_.more_input();
    const ClientSocket::Input input = co_await more;
    client_.clear_deadline();
    waited_ += std::chrono::steady_clock::now() - asked_at;
    if (input == ClientSocket::Input::kData) continue;
    broken_ = true;
    if (input == ClientSocket::Input::kTimeout) co_return body_too_slow(limits_.body_timeout);
    if (input == ClientSocket::Input::kNoMemory) co_return overloaded("requests");
    co_return Error{problem_code::kMalformedRequest, "the body ended early"};
  }
}

}  // namespace shunt::http
