#include "client/libcurl.hpp"

#include <curl/curl.h>

#include <stdexcept>

namespace shunt::http {

void init_libcurl() {
  // The initialisation of a static is thread-safe.
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw std::runtime_error("libcurl cannot be initialised");
}

}  // namespace shunt::http
