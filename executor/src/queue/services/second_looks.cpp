#include "queue/services/second_looks.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace shunt::executor {
namespace {

// A registration is on its way for a few milliseconds, and for as long as a call takes to a Redis that is
// busy. Clocks of processes differ by less.
constexpr std::chrono::milliseconds kYoung{1'000};
// Doubles: five looks again, 155 ms in all.
constexpr std::chrono::milliseconds kFirstPause{5};
constexpr int kMostLooks = 5;

}  // namespace

std::optional<std::chrono::milliseconds> pause_before_look(std::chrono::milliseconds age,
                                                           int looks) noexcept {
  if (looks >= kMostLooks || age > kYoung || age < -kYoung) return std::nullopt;
  return kFirstPause * (1 << looks);
}

SecondLooks::SecondLooks(QueueContext& context, std::string_view id)
    : context_(context), id_(GenerationId::parse(id)) {}

bullmq::awaitable<bool> SecondLooks::wait() {
  if (!id_) co_return false;
  const auto pause = pause_before_look(context_.clock.now() - id_->created_at(), looks_);
  if (!pause) co_return false;
  ++looks_;
  boost::asio::steady_timer timer(context_.loop.context(), *pause);
  co_await timer.async_wait(boost::asio::use_awaitable);
  co_return true;
}

}  // namespace shunt::executor
