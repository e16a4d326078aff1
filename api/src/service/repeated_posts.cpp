#include "service/repeated_posts.hpp"

#include <algorithm>

#include "shunt/base/digest.hpp"

namespace shunt::api {

namespace {

bool may_wait(RepeatedPosts::Patience patience, bool has_id) {
  return patience == RepeatedPosts::Patience::kBreak ||
         (patience == RepeatedPosts::Patience::kSubmit && !has_id);
}

}  // namespace

// A broken one is surely the one that is sent again; of those that are open, or answered, one may be.
RepeatedPosts::Post* RepeatedPosts::joinable(const OfKey& equal, Rule rule, Patience patience) {
  Post* other = nullptr;
  bool any_open = false;
  for (auto each = equal.first; each != equal.second; ++each) {
    Post& post = *each->second;
    if (post.open == 0 && !post.answered && post.id) return &post;
    any_open = any_open || post.open > 0;
    if (post.id && (other == nullptr || post.open > 0)) other = &post;
  }
  const bool decided = !(any_open && patience == Patience::kBreak);
  return rule == Rule::kRetry && decided ? other : nullptr;
}

RepeatedPosts::Joined RepeatedPosts::join(Post& post) {
  if (post.open == 0 && left_posts_ != nullptr)
    left_posts_->withdraw(sha256_hex(post.key), *post.id, [](bool) {});
  ++post.open;
  post.left_at = SteadyTime::max();
  return {post.ticket, *post.id};
}

RepeatedPosts::Outcome RepeatedPosts::begin(std::string_view key, Rule rule, Patience patience,
                                            SteadyTime now, const std::function<void()>& changed) {
  const std::lock_guard lock(mutex_);
  drop_old(now);
  if (rule != Rule::kFirst) {
    const OfKey equal = by_key_.equal_range(key);
    if (Post* const post = joinable(equal, rule, patience)) return join(*post);
    for (auto each = equal.first; each != equal.second; ++each) {
      Post& post = *each->second;
      if (post.open == 0 || !may_wait(patience, post.id.has_value())) continue;
      post.waiting.push_back(changed);
      return Undecided{};
    }
  }
  if (posts_.size() >= limits_.max_posts) make_room();
  const Ticket ticket = ++last_ticket_;
  posts_.push_back({.ticket = ticket, .key = std::string(key)});
  const auto place = std::prev(posts_.end());
  by_ticket_.emplace(ticket, place);
  by_key_.emplace(place->key, place);
  return Fresh{ticket};
}

void RepeatedPosts::accepted(Ticket ticket, const GenerationId& id) {
  Calls calls;
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_ticket_.find(ticket);
    if (found == by_ticket_.end()) return;
    found->second->id = id;
    calls = std::exchange(found->second->waiting, {});
  }
  for (const auto& call : calls) call();
}

void RepeatedPosts::answered(Ticket ticket, SteadyTime now) {
  for (const auto& call : leave(ticket, now, true)) call();
}

void RepeatedPosts::broke(Ticket ticket, SteadyTime now) {
  for (const auto& call : leave(ticket, now, false)) call();
}

RepeatedPosts::Calls RepeatedPosts::leave(Ticket ticket, SteadyTime now, bool answered) {
  const std::lock_guard lock(mutex_);
  const auto found = by_ticket_.find(ticket);
  if (found == by_ticket_.end()) return {};
  Post& post = *found->second;
  if (post.open > 0) --post.open;
  post.answered = post.answered || answered;
  Calls calls = std::exchange(post.waiting, {});
  if (!post.id) {
    drop(found->second);
  } else if (post.open == 0) {
    post.left_at = now;
    left_.emplace_back(now, ticket);
    if (!post.answered && left_posts_ != nullptr)
      left_posts_->offer(sha256_hex(post.key), *post.id, limits_.window);
  }
  return calls;
}

void RepeatedPosts::drop_old(SteadyTime now) {
  while (!left_.empty() && now - left_.front().first >= limits_.window) {
    const auto [left_at, ticket] = left_.front();
    left_.pop_front();
    const auto found = by_ticket_.find(ticket);
    if (found != by_ticket_.end() && found->second->left_at == left_at) drop(found->second);
  }
}

void RepeatedPosts::make_room() {
  while (!left_.empty() && posts_.size() >= limits_.max_posts) {
    const auto [left_at, ticket] = left_.front();
    left_.pop_front();
    const auto found = by_ticket_.find(ticket);
    if (found != by_ticket_.end() && found->second->left_at == left_at) drop(found->second);
  }
  // All are open: what was there first will not be found again.
  if (posts_.size() >= limits_.max_posts) drop(posts_.begin());
}

void RepeatedPosts::drop(Posts::iterator post) {
  const auto [first, last] = by_key_.equal_range(post->key);
  const auto entry = std::find_if(first, last, [&](const auto& each) { return each.second == post; });
  if (entry != last) by_key_.erase(entry);
  by_ticket_.erase(post->ticket);
  posts_.erase(post);
}

bool RepeatedPosts::is_abandoned(Ticket ticket, std::chrono::milliseconds grace, SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_ticket_.find(ticket);
  if (found == by_ticket_.end()) return true;
  const Post& post = *found->second;
  return post.open == 0 && !post.answered && now - post.left_at >= grace;
}

void RepeatedPosts::take_from_others(std::string_view key,
                                     std::function<void(std::optional<GenerationId>)> done) {
  if (left_posts_ == nullptr) return done(std::nullopt);
  left_posts_->take(sha256_hex(key), std::move(done));
}

void RepeatedPosts::keep_from_others(Ticket ticket, std::function<void(bool)> done) {
  if (left_posts_ == nullptr) return done(true);
  std::string key;
  std::optional<GenerationId> id;
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_ticket_.find(ticket);
    if (found != by_ticket_.end()) {
      key = found->second->key;
      id = found->second->id;
    }
  }
  if (!id) return done(true);
  left_posts_->withdraw(sha256_hex(key), *id, std::move(done));
}

std::size_t RepeatedPosts::size() const {
  const std::lock_guard lock(mutex_);
  return posts_.size();
}

}  // namespace shunt::api
