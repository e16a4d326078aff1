#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/site/asked_server.hpp"
#include "shunt/site/model_server.hpp"
#include "shunt/site/namespace.hpp"

// What `shunt doctor` knows of a configuration and of the machine that it is for, before anybody judges it.
namespace shunt::site {

struct ConfigurationFacts {
  std::string file;                     // "(built in)" without one
  std::vector<std::string> mistakes{};  // why it cannot be read; nothing else is set then
  bool others_may_write = false;        // anybody on the machine may change the file
  std::size_t models = 0;
  bool dumpable = false;
  struct UnreadVariable {
    std::string name;
    std::string advice;
  };
  std::vector<UnreadVariable> unread_variables{};  // that were meant for a setting
};

struct UserFacts {
  bool is_root = false;
  std::string name;
};

struct KernelFacts {
  std::string release;           // "6.1.0-28-amd64"
  std::string open_to_programs;  // what it cannot keep programs from; "" = nothing
  bool runs_programs = false;    // a model does
};

struct ModelFacts {
  std::string name;
  std::string driver;
  std::string runs;  // the program or the servers, for people
  std::optional<std::string> mistake;
};

// What a model's server answered when it was asked for its models, or for its health.
struct UpstreamFacts {
  std::string model;   // ours
  std::string server;  // "host:port"
  std::string wanted;  // what it is to call the model; "" = it lists none
  bool has_key = false;
  ModelsAnswer answer{};
};

struct LimitFacts {
  std::optional<std::uint64_t> open_files;  // that a service may raise its limit to; none = without end
  std::uint64_t connections = 0;            // server.max_connections
  std::uint64_t memory_limit = 0;
  std::optional<std::uint64_t> machine_memory;
  std::optional<std::uint64_t> cgroup_memory;  // none = without a limit
};

struct PortFacts {
  std::string address;
  std::uint16_t port = 0;  // 0 = any that is free
  int failure = 0;         // errno of the attempt to listen; 0 = it can be used
  std::string holder;      // "nginx (process 12)"; "" = not known
  bool answers_as_shunt = false;
};

struct FolderFacts {
  std::string purpose;  // "artifacts"
  std::string path;
  bool there = false;            // or it can be made, if its nearest parent can be written to
  int failure = 0;               // errno of the question whether it can be written to
  std::string asked;             // the folder that was asked about: this one, or the nearest parent
  bool can_be_measured = false;  // the next four are set
  std::uint64_t free_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t free_inodes = 0;
  std::uint64_t inodes = 0;        // 0: the file system has no such limit
  std::uint64_t wanted_bytes = 0;  // free, or uploads are refused
};

// What became of a small object that was put into the bucket of artifacts, read and removed. Each step is
// tried when the one before it has worked.
struct BucketFacts {
  std::string place{};                      // "box at 10.0.0.1:9000"
  std::optional<std::string> mistake{};     // why there is no such store
  std::optional<std::string> not_stored{};  // in the store's words
  std::optional<std::string> not_read{};
  std::optional<std::string> not_listed{};
  std::optional<std::string> not_removed{};
};

// What the collector of traces answered to an export of nothing.
struct CollectorFacts {
  std::string server;   // "host:port"
  std::string setting;  // where its address stands
  bool has_headers = false;
  ServerAnswer answer{};
};

// What a webhook's host answered. It is asked for nothing but its root: the URL may be a secret.
struct EndpointFacts {
  std::string name;     // "webhooks.url"
  std::string server;   // "host:port"
  std::string setting;  // where its address stands
  ServerAnswer answer{};
};

struct ClockFacts {
  WallTime now;
  std::optional<bool> synchronized;  // by the kernel's word; none = it does not tell
};

}  // namespace shunt::site
