#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/hex.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// A model's queue: its name, with what a BullMQ queue name may not contain percent-encoded.
[[nodiscard]] inline std::string queue_name(std::string_view model) {
  std::string name;
  for (const char c : model) {
    if (c == ':') {
      name += "%3A";
    } else {
      name += c;
    }
  }
  return name;
}

// The model of a queue's name: the reverse.
[[nodiscard]] inline std::string model_of_queue(std::string_view name) {
  std::string model;
  while (!name.empty()) {
    const bool colon = name.starts_with("%3A");
    model += colon ? ':' : name.front();
    name.remove_prefix(colon ? 3 : 1);
  }
  return model;
}

// The smallest id of a generation that was created then.
[[nodiscard]] inline std::string first_id_at(WallTime time) {
  return "gen_" + hex_number(static_cast<std::uint64_t>(time.time_since_epoch().count()), 12);
}

// Where generations live in Redis beside the queues (docs/contract/keys.md). All keys of a prefix are in one
// slot of a cluster when the prefix has a hash tag, as the default has.
struct GenerationKeys {
  explicit GenerationKeys(const std::string& queue_prefix)
      : prefix(queue_prefix), base(queue_prefix + "::gen:") {}

  [[nodiscard]] std::string queue(std::string_view model) const { return prefix + ':' + queue_name(model); }
  [[nodiscard]] std::string record(std::string_view id) const { return base + "r:" + std::string(id); }
  // The stream of what others tell this process.
  [[nodiscard]] std::string notifications(std::string_view process) const {
    return base + "in:" + std::string(process);
  }
  // Bytes of the artifact store that somebody is removing.
  [[nodiscard]] std::string being_removed(std::string_view sha256) const {
    return base + "going:" + std::string(sha256);
  }
  [[nodiscard]] std::string open(std::string_view model) const { return base + "o:" + queue(model); }
  [[nodiscard]] std::string leases(std::string_view model) const { return base + "l:" + std::string(model); }
  [[nodiscard]] std::string workers() const { return base + "workers"; }
  [[nodiscard]] std::string worker(std::string_view process) const {
    return base + "worker:" + std::string(process);
  }
  // The open generations that an API process runs itself.
  [[nodiscard]] std::string open_of_owner(std::string_view owner) const {
    return base + "so:" + std::string(owner);
  }
  // Queues that generations were admitted to, also of models that are configured no longer.
  [[nodiscard]] std::string queues() const { return base + "queues"; }
  [[nodiscard]] std::string callers() const { return base + "callers"; }
  [[nodiscard]] std::string index() const { return base + "index"; }
  // What scripts are called with. They use the first one and build the others from it, which a cluster does
  // not know. While it moves their slot, some keys are at the old node and some at the new one; a call with
  // two keys of which none exists is told to try again until all are in one place.
  [[nodiscard]] std::vector<std::string> of_scripts() const { return {base, base + '-'}; }

  std::string prefix;
  // Two colons: no queue has an empty name, so these keys never meet a queue's.
  std::string base;
};

}  // namespace shunt::executor
