#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "drivers/openai/upstream.hpp"
#include "drivers/openai/upstream_breaker.hpp"
#include "drivers/openai/upstream_choice.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/generation/upstream_status.hpp"

namespace shunt::generation::openai {

// The servers of a model, what runs on each, and how each of them is. Any thread. With a single server there
// is no choice, and no breaker: it is asked whatever it did before.
class UpstreamPool : public std::enable_shared_from_this<UpstreamPool> {
 public:
  // One attempt at a server. What it has come to is said once; a lease that goes without a word was none of
  // the server's doing. Keeps the pool.
  class Lease {
   public:
    Lease() = default;
    Lease(std::shared_ptr<UpstreamPool> pool, std::size_t index, UpstreamBreaker::Pass pass)
        : pool_(std::move(pool)), index_(index), pass_(pass) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { end(UpstreamHealth::kNeither); }

    [[nodiscard]] std::size_t index() const noexcept { return index_; }
    void end(UpstreamHealth health, std::chrono::milliseconds rest = {}) noexcept;

   private:
    std::shared_ptr<UpstreamPool> pool_;  // null once ended
    std::size_t index_ = 0;
    UpstreamBreaker::Pass pass_{};
  };

  // Not empty.
  UpstreamPool(std::vector<Upstream> upstreams, const UpstreamBreakerOptions& breaker);

  [[nodiscard]] std::size_t size() const noexcept { return upstreams_.size(); }
  [[nodiscard]] const Upstream& at(std::size_t index) const { return upstreams_.at(index); }

  // The server for the next attempt (choose_upstream), or nothing where `tried`, a flag for each, leaves
  // none.
  [[nodiscard]] std::optional<Lease> take(std::optional<std::uint64_t> sticky, const std::vector<bool>& tried,
                                          LastResort last_resort);

  [[nodiscard]] std::vector<UpstreamStatus> status() const;

 private:
  struct Standing {
    std::uint64_t identity = 0;
    UpstreamBreaker breaker;
    std::size_t running = 0;
    std::uint64_t good = 0;
    std::uint64_t bad = 0;
    std::uint64_t refused = 0;
  };
  void ended(std::size_t index, const UpstreamBreaker::Pass& pass, UpstreamHealth health,
             std::chrono::milliseconds rest) noexcept;

  const std::vector<Upstream> upstreams_;
  mutable std::mutex mutex_;
  std::vector<Standing> standings_;  // one for each of upstreams_
};

// The servers that the options name, checked. Errors have the code `invalid_configuration` and name the
// option: "/base_url", "/upstreams/1/base_url".
[[nodiscard]] Result<std::vector<Upstream>> make_upstreams(const OpenAiOptions& options);

// What can be said of `upstreams` without reading a secret.
[[nodiscard]] Result<void> check_upstreams(const OpenAiOptions& options);

}  // namespace shunt::generation::openai
