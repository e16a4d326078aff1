#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/http/body_source.hpp"
#include "shunt/http/client.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// One libcurl easy handle. libcurl's callbacks only record what came and put the transfer on the ready list;
// deliver() tells the handler once libcurl has returned, so that a handler may do what it likes.
class CurlTransfer : public std::enable_shared_from_this<CurlTransfer> {
 public:
  using ReadyList = std::vector<std::shared_ptr<CurlTransfer>>;

  // `ready` outlives the object.
  // With a source the request is a PUT of it.
  CurlTransfer(ClientRequest request, std::shared_ptr<TransferHandler> handler, ReadyList& ready,
               std::optional<BodySource> source = {});
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  [[nodiscard]] static CurlTransfer& of(CURL* easy);
  [[nodiscard]] const std::optional<Endpoint>& endpoint() const noexcept { return request_.endpoint; }

  // The addresses of endpoint()->host, so that libcurl looks up nothing.
  void use_addresses(const std::vector<std::string>& addresses);
  // False if libcurl has no memory for it.
  [[nodiscard]] bool attach(CURLM* multi);
  // Closes the connection if a response is under way. Not from inside libcurl.
  void detach() noexcept;

  void record_end(CURLcode code);
  void record_end(TransferEnd end);
  void deliver();
  // No more calls of the handler.
  std::shared_ptr<TransferHandler> forget_handler() noexcept { return std::move(handler_); }

 private:
  struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, FreeList>;

  static curl_socket_t open_socket(CurlTransfer* self, curlsocktype, curl_sockaddr* address);
  static int take_connected(CurlTransfer* self, char*, char*, int, int);
  static std::size_t take_header(const char* data, std::size_t, std::size_t size, CurlTransfer* self);
  static std::size_t give_body(char* room, std::size_t, std::size_t length, CurlTransfer* self);
  static int seek_body(CurlTransfer* self, curl_off_t offset, int origin);
  static std::size_t take_body(const char* data, std::size_t, std::size_t size, CurlTransfer* self);

  void set_options();
  void set_limits();
  void set_message();
  void set_body_source();
  void ask_nothing_beforehand();
  void append_header(const char* header);
  void take_header_line(std::string_view line);
  void mark_ready();
  [[nodiscard]] bool request_written() const;

  const ClientRequest request_;
  const std::optional<BodySource> source_;
  std::shared_ptr<TransferHandler> handler_;
  ReadyList& ready_;
  CURL* easy_;
  CURLM* multi_ = nullptr;
  List headers_;
  List addresses_;
  char reason_[CURL_ERROR_SIZE] = {};

  bool on_ready_list_ = false;
  bool connected_ = false;
  bool head_complete_ = false;
  bool connected_unreported_ = false;
  bool head_unreported_ = false;
  ResponseHead head_;
  std::string body_;
  std::size_t received_ = 0;
  std::uint64_t given_ = 0;  // of the body's source
  bool too_large_ = false;
  std::optional<TransferEnd> end_;
};

}  // namespace shunt::http
