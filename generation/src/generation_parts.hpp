#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

#include "shunt/generation/generation.hpp"
#include "shunt/generation/namespace.hpp"

// What the files of Generation share; each has one duty of it.
namespace shunt::generation {

// Kept small, since a generation may have one for each token. A delta's text lies in text_ once, for records
// and events alike. An entry with neither text nor payload is a bare mark: `queued` if it is the first, else
// `started`.
struct Generation::Entry {
  WallTime at;
  std::size_t text_begin = 0;
  std::size_t text_size = 0;
  std::unique_ptr<const GenerationEvent::Payload> payload;
};

class Generation::Watch final : public EventWatch {
 public:
  Watch(std::shared_ptr<Generation> generation, const WatchOptions& options);
  ~Watch() override;

  std::vector<GenerationEvent> read(std::size_t max_bytes) override;
  bool ended() const override;
  bool lost() const override;
  void on_ready(std::function<void()> ready) override;

  [[nodiscard]] bool available_locked() const;
  std::function<void()> take_ready_locked();

 private:
  void forget_ready();

  const std::shared_ptr<Generation> generation_;
  std::uint64_t next_;  // index of the next entry: the sequence number of the last one read
  const bool only_terminal_;
  std::function<void()> ready_;  // guarded by the generation's mutex
};

// What a payload holds beside its entry.
[[nodiscard]] std::size_t payload_bytes(const GenerationEvent::Payload& payload);

}  // namespace shunt::generation
