#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bullmq {

// Where a server listens.
struct RedisAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  bool operator==(const RedisAddress&) const = default;
};

// How the connection is encrypted, and who is trusted.
struct TlsOptions {
  // A PEM file has the authorities that may have signed the server's certificate; when it is not named, the
  // system's are trusted.
  std::string ca_file{};
  // PEM files have the client's certificate and its key; when they are not named, none is presented.
  std::string certificate_file{};
  std::string key_file{};
  // The certificate must bear this name, which is sent as SNI too; when it is empty, the host's name.
  std::string server_name{};
  // Without it any certificate is accepted, which is for tests only.
  bool verify = true;
};

// The primary is asked for, at every connection.
struct SentinelOptions {
  // They are asked in turn until one answers.
  std::vector<RedisAddress> sentinels{};
  // The sentinels know the primary by this name.
  std::string master_name{};
  std::string username{};
  std::string password{};
};

// The node that serves the queue's slot is asked for, and followed.
struct ClusterOptions {
  // They are asked in turn who serves the queue's slot.
  std::vector<RedisAddress> seeds{};
};

// How to reach Redis. All that is set beside `url` stands when the URL does not say otherwise.
struct ConnectionOptions {
  // redis://[user[:password]@]host[:port][/db], rediss:// (TLS), unix:///path/to/socket[?db=N]
  std::string url{};

  RedisAddress address{};
  // When it is set, the connection goes to this socket and not to `address`.
  std::string unix_socket{};
  std::string username{};
  std::string password{};
  int database = 0;
  std::optional<TlsOptions> tls{};
  std::optional<SentinelOptions> sentinel{};
  // Queues of a cluster need a hash tag in their prefix or name ("{...}"), so that all keys are in one slot.
  std::optional<ClusterOptions> cluster{};

  // CLIENT LIST shows this name; workers and event readers name their blocking connections themselves.
  std::string client_name{};

  // It goes from the start of name resolution to the end of the handshake.
  std::chrono::milliseconds connect_timeout{5'000};
  // It is for one command, from its call to its answer, and includes the time in the queue of unsent
  // commands.
  std::chrono::milliseconds command_timeout{10'000};
  // Commands wait for a connection that is being made (until their deadline). Without it they fail at once.
  bool offline_queue = true;
  // Commands that wait unsent have at most this many bytes together; what comes beyond it fails at once.
  std::size_t max_unsent_bytes = 256UL * 1024 * 1024;
  // A larger answer is not accepted.
  std::size_t max_reply_bytes = 512UL * 1024 * 1024;

  // Pauses between attempts to connect double from the first to the second value, each with up to half of it
  // random.
  std::chrono::milliseconds reconnect_min{50};
  std::chrono::milliseconds reconnect_max{5'000};

  // The kernel probes a connection that was idle for this long, and gives up one whose bytes stay
  // unacknowledged for the second.
  std::chrono::seconds keepalive_idle{10};
  std::chrono::milliseconds user_timeout{20'000};

  // A replica is refused (its writes would fail) unless this is set.
  bool allow_replica = false;
  // Redis older than 5.0 is refused unless this is set.
  bool skip_version_check = false;
};

// The options with what their URL says put into the fields. Throws ValidationError that names the part it
// does not understand; a password is never in the message.
[[nodiscard]] ConnectionOptions resolve_url(ConnectionOptions options);

}  // namespace bullmq
