#include "shunt/site/asked_server.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string_view>
#include <utility>

#include "shunt/http/blocking_client.hpp"

namespace shunt::site {

ServerAnswer ask_server(ServerQuestion question) {
  http::ClientRequest request;
  request.method = std::move(question.method);
  request.url = std::move(question.url);
  request.headers = std::move(question.headers);
  request.body = std::move(question.body);
  request.proxy = std::move(question.proxy);
  request.connection = http::ConnectionUse::kOwn;
  request.connect_timeout = question.connect_within;
  request.total_timeout = question.answer_within;
  // The client may look at several addresses of a name, from a thread of its own.
  const auto refused = std::make_shared<std::atomic<bool>>(false);
  if (question.may_connect) {
    request.may_connect = [refused, may = std::move(question.may_connect)](const std::string& address) {
      const bool allowed = may(address);
      if (!allowed) *refused = true;
      return allowed;
    };
  }
  ServerAnswer answer;
  bool cut = false;
  const auto take = [&](const http::ResponseHead&, std::string_view more) {
    answer.body += more.substr(0, kMostOfAnswer - answer.body.size());
    cut = answer.body.size() == kMostOfAnswer;
    return !cut;
  };
  http::BlockingClient client;
  http::ClientResponse response = client.perform(std::move(request), take);
  answer.end = std::move(response.end);
  answer.status = response.head.status;
  answer.not_allowed = answer.status == 0 && *refused;
  if (cut && answer.end.how == http::TransferEnd::How::kStopped) answer.end = {};
  return answer;
}

}  // namespace shunt::site
