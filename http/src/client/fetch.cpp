#include "shunt/http/fetch.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "shunt/http/blocking_client.hpp"
#include "shunt/http/url.hpp"

namespace shunt::http {
namespace {

using std::chrono::milliseconds;

// A server that sends nothing for so long has had its time.
constexpr std::chrono::seconds kSilence{10};
constexpr milliseconds kConnectTimeout{10'000};

Error not_fetched(std::string message, Retryable retryable = Retryable::kNo) {
  return {kNotFetched, std::move(message), retryable};
}

Result<void> check_url(const FetchRequest& request, const std::string& text) {
  if (text.size() > kMaxFetchedUrlBytes) {
    return not_fetched("the URL is longer than " + std::to_string(kMaxFetchedUrlBytes) + " bytes");
  }
  const auto url = parse_url(text);
  if (!url || url->host.empty()) return not_fetched("it is no URL that has a host");
  if (url->scheme != "https") return not_fetched("only https: URLs are fetched");
  if (url->has_login) return not_fetched("a URL that is fetched must not have a user name or a password");
  if (request.may_ask && !request.may_ask(url->host)) {
    return not_fetched("nothing is fetched from the host \"" + url->host + '"');
  }
  return {};
}

bool is_redirect(int status) {
  constexpr std::array kRedirects{301, 302, 303, 307, 308};
  return std::ranges::find(kRedirects, status) != kRedirects.end();
}

// What the head says against reading the body.
Result<void> check_head(const FetchRequest& request, const ResponseHead& head) {
  if (head.content_length && *head.content_length > request.max_bytes) {
    return not_fetched("it has more than " + std::to_string(request.max_bytes) + " bytes");
  }
  return request.may_be ? request.may_be(head.content_type) : Result<void>();
}

Error broken(const TransferEnd& end, std::uint64_t max_bytes) {
  using How = TransferEnd::How;
  switch (end.how) {
    case How::kTooLarge:
      return not_fetched("it has more than " + std::to_string(max_bytes) + " bytes");
    case How::kTimedOut:
    case How::kConnectTimedOut:
    case How::kStopped:
      return not_fetched("it did not come in time", Retryable::kYes);
    case How::kNotConnected:
      // One message for all: what is there to be reached from here is nobody's business.
      return not_fetched("its server could not be reached, or is none that may be", Retryable::kYes);
    case How::kBroken:
    case How::kComplete:
      break;
  }
  return not_fetched("its server broke the transfer off", Retryable::kYes);
}

ClientRequest client_request(const FetchRequest& request, const std::string& url, milliseconds left) {
  ClientRequest made;
  made.url = url;
  made.headers = {"Accept: " + request.accept, "User-Agent: shunt"};
  made.connection = ConnectionUse::kOwn;
  made.may_connect = [&listed = request.listed](const std::string& address) {
    return may_be_reached(address, listed);
  };
  made.authorities_file = request.authorities_file;
  made.connect_timeout = std::min(kConnectTimeout, left);
  made.total_timeout = left;
  made.silence_timeout = kSilence;
  made.max_response_bytes = static_cast<std::size_t>(request.max_bytes);
  return made;
}

// What one request led to: another URL, or the file.
struct Hop {
  std::optional<std::string> location{};
  FetchedHead head{};
};

Result<Hop> ask(const FetchRequest& request, const std::string& url, SteadyTime until,
                const std::function<Result<void>(std::string_view)>& take) {
  const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
  if (left.count() <= 0) return not_fetched("it did not come in time", Retryable::kYes);
  BlockingClient client;
  std::optional<Error> refused;
  bool checked = false;
  const auto sink = [&](const ResponseHead& head, std::string_view bytes) {
    // Nobody reads what a redirect, or an error, has to say.
    if (head.status != 200) return false;
    if (!std::exchange(checked, true)) {
      if (auto allowed = check_head(request, head); !allowed) refused = std::move(allowed).error();
    }
    if (!refused) {
      if (auto taken = take(bytes); !taken) refused = std::move(taken).error();
    }
    return !refused;
  };
  const ClientResponse response = client.perform(client_request(request, url, left), sink, until);
  if (refused) return *std::move(refused);
  const ResponseHead& head = response.head;
  if (is_redirect(head.status)) return Hop{.location = resolve_reference(url, head.location)};
  if (head.status != 0 && head.status != 200) {
    return not_fetched("its server answered with status " + std::to_string(head.status),
                       retryable_if(head.status >= 500 || head.status == 429));
  }
  if (!response.complete()) return broken(response.end, request.max_bytes);
  // Without a byte nobody has asked yet.
  if (auto allowed = checked ? Result<void>() : check_head(request, head); !allowed) {
    return std::move(allowed).error();
  }
  return Hop{.head = {head.content_type}};
}

}  // namespace

Result<FetchedHead> fetch(const FetchRequest& request,
                          const std::function<Result<void>(std::string_view)>& take) {
  const SteadyTime until = std::chrono::steady_clock::now() + request.timeout;
  std::string url = request.url;
  for (std::size_t redirects = 0;; ++redirects) {
    if (auto checked = check_url(request, url); !checked) return std::move(checked).error();
    auto hop = ask(request, url, until, take);
    if (!hop) return std::move(hop).error();
    if (!hop->location) return std::move(hop->head);
    if (redirects == kMaxRedirects) {
      return not_fetched("it leads on more than " + std::to_string(kMaxRedirects) + " times");
    }
    url = *std::move(hop->location);
  }
}

}  // namespace shunt::http
