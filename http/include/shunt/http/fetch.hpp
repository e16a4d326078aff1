#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/http/address_ranges.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// The code of what fails below. Messages are for whoever gave the URL: they hold no address, and nothing that
// tells one closed door within our network from another.
inline constexpr ErrorCode kNotFetched = "file_not_fetched";

inline constexpr std::size_t kMaxRedirects = 3;
inline constexpr std::size_t kMaxFetchedUrlBytes = 8UL * 1024;

// What a stranger wants fetched, and what bounds it.
struct FetchRequest {
  std::string url;                                               // https
  std::function<bool(std::string_view host)> may_ask = nullptr;  // of each hop; none: every host
  std::function<Result<void>(const std::string& media_type)> may_be = nullptr;  // before a byte is read
  AddressRanges listed{};                                                       // beside the public ones
  std::string accept = "*/*";
  std::string authorities_file;  // as in ClientRequest
  std::uint64_t max_bytes = 0;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // for all of it, redirects included
};

struct FetchedHead {
  std::string media_type;  // as it came; "" if it did not
};

// Fetches a URL that a stranger has given: https only, without credentials, cookies or a proxy; each address
// is checked as it is connected to, each redirect as if it had been given. Hands the body to `take` piece by
// piece; its error ends the fetch and is returned. Blocks, for request.timeout at most but for `take`.
[[nodiscard]] Result<FetchedHead> fetch(const FetchRequest& request,
                                        const std::function<Result<void>(std::string_view)>& take);

// A data: URL (RFC 2397), taken apart. Pure; fails with kNotFetched.
struct DataUrl {
  std::string media_type;  // "text/plain" where it says none; with its parameters
  std::string bytes;
};
[[nodiscard]] Result<DataUrl> parse_data_url(std::string_view url);

}  // namespace shunt::http
