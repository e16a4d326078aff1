#include "redis/transport.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "bullmq/error.hpp"

namespace bullmq::detail {
namespace ssl = boost::asio::ssl;

void Transport::use_tls(const TlsOptions& options, const std::string& host) {
  context_ = std::make_unique<ssl::context>(ssl::context::tls_client);
  boost::system::error_code failed;
  if (options.ca_file.empty()) {
    context_->set_default_verify_paths(failed);
  } else {
    context_->load_verify_file(options.ca_file, failed);
    if (failed)
      throw ValidationError("tls.ca_file cannot be read: " + options.ca_file + " (" + failed.message() + ")");
  }
  if (!options.certificate_file.empty()) {
    context_->use_certificate_chain_file(options.certificate_file, failed);
    if (failed) {
      throw ValidationError("tls.certificate_file cannot be used: " + options.certificate_file + " (" +
                            failed.message() + ")");
    }
    context_->use_private_key_file(options.key_file.empty() ? options.certificate_file : options.key_file,
                                   ssl::context::pem, failed);
    if (failed) {
      throw ValidationError("tls.key_file cannot be used: " + options.key_file + " (" + failed.message() +
                            ")");
    }
  }
  context_->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
                        failed);
  tls_.emplace(socket_, *context_);
  SSL* const session = tls_->native_handle();
  const std::string& name = options.server_name.empty() ? host : options.server_name;
  boost::system::error_code not_numeric;
  boost::asio::ip::make_address(name, not_numeric);
  // SNI carries names only (RFC 6066).
  if (not_numeric) SSL_set_tlsext_host_name(session, name.c_str());
  if (!options.verify) {
    tls_->set_verify_mode(ssl::verify_none, failed);
    return;
  }
  tls_->set_verify_mode(ssl::verify_peer, failed);
  // OpenSSL's own check, because it tells afterwards what did not match.
  const bool expects = not_numeric
                           ? SSL_set1_host(session, name.c_str()) == 1
                           : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str()) == 1;
  if (!expects) throw ValidationError("tls.server_name cannot be used: " + name);
}

std::string Transport::tls_failure(const boost::system::error_code& failed) {
  std::string why = failed.message();
  const auto verdict = SSL_get_verify_result(tls_->native_handle());
  if (verdict != X509_V_OK) why += std::string(": ") + X509_verify_cert_error_string(verdict);
  return why;
}

void Transport::tune(const ConnectionOptions& options) {
  const int handle = socket_.native_handle();
  const auto set = [handle](int level, int name, int value) {
    ::setsockopt(handle, level, name, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  const auto idle = static_cast<int>(options.keepalive_idle.count());
  if (idle > 0) {
    set(IPPROTO_TCP, TCP_KEEPIDLE, idle);
    set(IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, idle / 3));
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  }
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(options.user_timeout.count()));
}

void Transport::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace bullmq::detail
