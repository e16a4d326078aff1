#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "dialects/repeat_rule.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/executor/left_posts.hpp"
#include "shunt/generation/generation_id.hpp"

namespace shunt::api {

// Which generation a POST has begun that may come again: clients of other APIs send no idempotency key, and
// send a POST anew when they saw its connection break. Whoever sends an equal one, as `key` says, joins the
// generation that is there instead of paying for another one. Bounded; of this process, which tells others
// of those that were left, and asks them (share_in). Any thread.
class RepeatedPosts {
 public:
  struct Limits {
    std::size_t max_posts = 10'000;                               // the one that was left first makes room
    std::chrono::milliseconds window = std::chrono::seconds(10);  // after its answer, or its loss
  };
  using Rule = dialects::RepeatRule;
  // What may be waited for, of equal ones whose fate is not known yet.
  enum class Patience {
    kBreak,   // that a connection breaks, which may be seen later than what comes because of it
    kSubmit,  // that a generation gets its id
    kNone,
  };
  using Ticket = std::uint64_t;

  // Nothing to join: the POST begins a generation of its own.
  struct Fresh {
    Ticket ticket;
  };
  struct Joined {
    Ticket ticket;
    GenerationId id;
  };
  // There is an equal one whose connection may be breaking at this moment, or whose generation is not known
  // yet: `changed` is called once when more is known.
  struct Undecided {};
  using Outcome = std::variant<Fresh, Joined, Undecided>;

  RepeatedPosts() : RepeatedPosts(Limits{}) {}
  explicit RepeatedPosts(Limits limits) : limits_(limits) {}

  // Before anything else. Not owned, outlives this; nullptr: there are no other processes.
  void share_in(executor::LeftPosts* left) noexcept { left_posts_ = left; }

  // Undecided only where `patience` is for it. `changed` may be called on any thread, also after the caller
  // has lost interest.
  [[nodiscard]] Outcome begin(std::string_view key, Rule rule, Patience patience, SteadyTime now,
                              const std::function<void()>& changed);
  // What became of a POST. One of answered() and broke() is the last that is said for each begin();
  // accepted() comes before, or there is no generation and nothing to join.
  void accepted(Ticket ticket, const GenerationId& id);
  void answered(Ticket ticket, SteadyTime now);
  void broke(Ticket ticket, SteadyTime now);

  // Whether nobody has waited for its answer for so long, and nobody has got it.
  [[nodiscard]] bool is_abandoned(Ticket ticket, std::chrono::milliseconds grace, SteadyTime now) const;

  // One that has been left in another process, and is this one's to join from now on.
  void take_from_others(std::string_view key, std::function<void(std::optional<GenerationId>)> done);
  // Whether no other process has joined it; from now on none can.
  void keep_from_others(Ticket ticket, std::function<void(bool)> done);

  [[nodiscard]] std::size_t size() const;

 private:
  struct Post {
    Ticket ticket = 0;
    std::string key;
    std::optional<GenerationId> id{};
    std::size_t open = 1;  // connections that wait for its answer
    bool answered = false;
    SteadyTime left_at = SteadyTime::max();  // when the last of them went
    std::vector<std::function<void()>> waiting{};
  };
  using Posts = std::list<Post>;
  using OfKey = std::pair<std::multimap<std::string, Posts::iterator, std::less<>>::iterator,
                          std::multimap<std::string, Posts::iterator, std::less<>>::iterator>;
  using Calls = std::vector<std::function<void()>>;

  // All under the lock: other processes are told in the order in which it happened, or one that has been
  // joined, and answered, would lie with them as left.
  [[nodiscard]] static Post* joinable(const OfKey& equal, Rule rule, Patience patience);
  [[nodiscard]] Joined join(Post& post);
  [[nodiscard]] Calls leave(Ticket ticket, SteadyTime now, bool answered);
  void drop_old(SteadyTime now);
  void make_room();
  void drop(Posts::iterator post);

  const Limits limits_;
  executor::LeftPosts* left_posts_ = nullptr;
  mutable std::mutex mutex_;
  Ticket last_ticket_ = 0;
  Posts posts_;
  std::deque<std::pair<SteadyTime, Ticket>> left_;  // by when; those that were joined since are there too
  std::unordered_map<Ticket, Posts::iterator> by_ticket_;
  std::multimap<std::string, Posts::iterator, std::less<>> by_key_;
};

// A POST that is under way: says what became of it, at the latest when it goes. Movable only.
class RepeatedPost {
 public:
  RepeatedPost(RepeatedPosts& posts, RepeatedPosts::Ticket ticket)
      : all_(posts), posts_(&posts), ticket_(ticket) {}
  RepeatedPost(RepeatedPost&& other) noexcept
      : all_(other.all_), posts_(std::exchange(other.posts_, nullptr)), ticket_(other.ticket_) {}
  RepeatedPost& operator=(RepeatedPost&&) = delete;
  ~RepeatedPost() { broke(); }

  void accepted(const GenerationId& id) {
    if (posts_ != nullptr) posts_->accepted(ticket_, id);
  }
  void answered() {
    if (posts_ != nullptr)
      std::exchange(posts_, nullptr)->answered(ticket_, std::chrono::steady_clock::now());
  }
  // Its client has gone, or closed its sending side, which is how going looks at first.
  void broke() {
    if (posts_ != nullptr) std::exchange(posts_, nullptr)->broke(ticket_, std::chrono::steady_clock::now());
  }
  void keep_from_others(std::function<void(bool)> done) { all_.keep_from_others(ticket_, std::move(done)); }
  // Of one that broke.
  [[nodiscard]] bool is_abandoned(std::chrono::milliseconds grace) const {
    return all_.is_abandoned(ticket_, grace, std::chrono::steady_clock::now());
  }

 private:
  RepeatedPosts& all_;
  RepeatedPosts* posts_;  // nullptr: all has been said
  const RepeatedPosts::Ticket ticket_;
};

}  // namespace shunt::api
