#pragma once

#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/http/server/response.hpp"

// What browsers are told about pages of other origins (https://fetch.spec.whatwg.org/#http-cors-protocol).
// Nothing here allows credentials: a key travels in Authorization, which a page has to set itself.
namespace shunt::api {

// Every answer of a server that shares with some origin depends on Origin. `origin` is the one that may read
// this answer; "": none.
void allow_reading(http::Response& response, std::string_view origin);

// The rest of the answer to a preflight whose origin may read: which methods and headers it may send.
void allow_sending(http::Response& response, std::string_view methods);

}  // namespace shunt::api
