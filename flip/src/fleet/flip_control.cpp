#include "shunt/flip/flip_control.hpp"

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <utility>

#include "fleet/acting_record.hpp"
#include "fleet/audit_keeper.hpp"
#include "fleet/changer.hpp"
#include "fleet/controller_loop.hpp"
#include "fleet/end_counts.hpp"
#include "fleet/flip_context.hpp"
#include "fleet/follower.hpp"
#include "fleet/what_next.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::flip {
namespace {

using bullmq::awaitable;

// What this process tells its fleet when it goes.
constexpr std::chrono::milliseconds kFarewell{500};

// The services of a control, wired. Made, used and stopped on the loop's thread.
struct FlipServices {
  FlipServices(FlipControlOptions options, EventLoop& loop, CurrentSnapshot& snapshot, EndCounts& ends)
      : context(std::move(options), loop),
        acting(context, snapshot,
               [this, &ends](const FlipRecord& record) {
                 ends.begin_epoch(record.epoch, weight_of(record));
                 if (controller) controller->record_changed();
               }),
        follower(context, acting),
        changer(context, acting, follower),
        audit(context, follower) {
    controller.emplace(context, acting, follower, changer, ends);
  }

  void start() {
    follower.start();
    audit.start();
    controller->start();
  }
  void stop() {
    controller->stop();
    audit.stop();
    follower.stop();
  }

  FlipContext context;
  std::optional<ControllerLoop> controller;
  ActingRecord acting;
  Follower follower;
  Changer changer;
  AuditKeeper audit;
};

// Hands the result of a service to whoever waits for it.
template <typename Outcome>
awaitable<void> answer(awaitable<Outcome> work, std::function<void(Outcome)> done) {
  Outcome outcome = co_await std::move(work);
  done(std::move(outcome));
}

class FlipControlOfAProcess final : public FlipControl {
 public:
  FlipControlOfAProcess(CurrentSnapshot& snapshot, FlipControlOptions options) : threads_(1) {
    const auto first_read = options.first_read;
    threads_.at(0).run_on_thread([&] {
      services_ = std::make_unique<FlipServices>(std::move(options), threads_.at(0), snapshot, ends_);
      services_->context.changed = [this] { publish(); };
      services_->start();
    });
    std::unique_lock lock(mutex_);
    first_read_.wait_for(lock, first_read, [this] { return has_read_; });
  }

  ~FlipControlOfAProcess() override {
    auto told = std::make_shared<std::promise<void>>();
    threads_.at(0).run_on_thread([&] {
      services_->stop();
      services_->context.launch(say_farewell(told));
    });
    told->get_future().wait_for(kFarewell);
    threads_.at(0).run_on_thread([&] { services_->context.records.close(); });
    threads_.stop_and_join();
    services_->context.gate->shut();
  }

  void status(std::function<void(FlipStatus)> done) override {
    on_loop([this, done = std::move(done)]() mutable { launch<FlipStatus>(look(), std::move(done)); });
  }

  void apply(FlipRequest request, std::function<void(Result<FlipChange>)> done) override {
    auto held = std::make_shared<FlipRequest>(std::move(request));
    on_loop([this, held, done = std::move(done)]() mutable {
      launch<Result<FlipChange>>(services_->changer.apply(std::move(*held)), std::move(done));
    });
  }

  void log(std::uint64_t from, std::size_t count, std::function<void(Result<FlipLogPage>)> done) override {
    on_loop([this, from, count, done = std::move(done)]() mutable {
      launch<Result<FlipLogPage>>(services_->audit.page(from, count), std::move(done));
    });
  }

  void verify_log(std::function<void(Result<ChainReport>)> done) override {
    on_loop([this, done = std::move(done)]() mutable {
      launch<Result<ChainReport>>(services_->audit.verify(), std::move(done));
    });
  }

  void shadow_counts(std::function<void(FleetShadow)> done) override {
    on_loop(
        [this, done = std::move(done)]() mutable { launch<FleetShadow>(sum_shadows(), std::move(done)); });
  }

  void use_build(std::string build) override {
    on_loop([this, build = std::move(build)]() mutable { services_->context.build = std::move(build); });
  }

  executor::ExecutorObserver& figures() noexcept override { return ends_; }

  FlipView view() const override {
    const std::lock_guard lock(mutex_);
    FlipView view = view_;
    if (unreadable_since_) {
      view.store_unreadable_for = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - *unreadable_since_);
    }
    return view;
  }

 private:
  void on_loop(std::function<void()> work) { threads_.at(0).post(std::move(work)); }

  template <typename Outcome>
  void launch(awaitable<Outcome> work, std::function<void(Outcome)> done) {
    services_->context.launch(answer<Outcome>(std::move(work), std::move(done)));
  }

  awaitable<void> say_farewell(std::shared_ptr<std::promise<void>> told) {
    try {
      co_await services_->context.records.unfollow(services_->follower.fence());
    } catch (...) {
      // The lease runs out by itself.
      executor::note_caught(services_->context.faults, "flip_farewell");
    }
    told->set_value();
  }

  awaitable<FlipStatus> look() {
    const FlipServices& services = *services_;
    auto following = services_->follower.follow();
    FlipStatus status;
    std::vector<FleetLook::Counted> counted;
    status.store_readable = co_await std::move(following);
    if (status.store_readable) {
      auto looking = services_->changer.look(services.acting.record().epoch);
      Result<FleetLook> fleet = co_await std::move(looking);
      if (fleet && fleet->tick) status.last_tick = fleet->tick->report;
      if (fleet) counted = std::move(fleet->counted);
    }
    const LocalRecord& local = services.acting.local();
    status.record = local.record;
    status.place = place_text(status.record);
    status.wanted = weight_of(status.record);
    status.store_problem = services.follower.problem();
    status.store_unreadable_for = services.follower.unreadable_for();
    status.blind = services.acting.is_blind();
    status.unmerged = local.unmerged;
    status.processes = services.changer.last_seen();
    // What it told its lease, and what it acts on while nobody can be told.
    for (ApiProcess& process : status.processes) {
      if (process.process == services.context.process) process.epoch = status.record.epoch;
    }
    status.converged = status.store_readable && is_converged(status.processes, status.record.epoch);
    status.seen = seen_now(std::move(counted), services.context.process, status.record.epoch);
    const WhatNext next = what_next(status.record, status.last_tick, services.context.clock.now());
    status.next = next.text;
    status.next_at = next.not_before;
    status.undo = next.undo;
    status.process = services.context.process;
    co_return status;
  }

  awaitable<FleetShadow> sum_shadows() {
    const FlipServices& services = *services_;
    const std::uint64_t epoch = services.acting.record().epoch;
    FleetShadow sum;
    if (services.context.options.shadow) sum.counts = services.context.options.shadow();
    if (sum.counts.epoch != epoch) sum.counts = {};
    sum.counts.epoch = epoch;
    auto looking = services_->changer.look(epoch);
    const Result<FleetLook> fleet = co_await std::move(looking);
    if (!fleet) co_return sum;
    for (const FleetLook::Counted& each : fleet->counted) {
      if (each.process == services.context.process) continue;
      add_shadow(sum.counts, each.counts);
      ++sum.processes;
    }
    co_return sum;
  }

  // What all have told of this epoch, and what this process has counted since: no tick is waited for.
  std::optional<double> seen_now(std::vector<FleetLook::Counted> counted, const std::string& process,
                                 std::uint64_t epoch) const {
    std::erase_if(counted, [&](const FleetLook::Counted& each) { return each.process == process; });
    counted.push_back({process, 0, ends_.of(epoch)});
    return sum_of(counted).jobs_seen;
  }

  // On the loop's thread, whenever something has changed that a view shows.
  void publish() {
    const FlipServices& services = *services_;
    const FlipContext::Counts& counts = services.context.counts;
    FlipView next;
    next.record = services.acting.record();
    next.blind = services.acting.is_blind();
    next.unmerged = services.acting.local().unmerged;
    next.controls = services.follower.fence().has_value();
    next.processes = services.changer.last_seen().size();
    for (const ApiProcess& process : services.changer.last_seen()) {
      if (process.epoch == next.record.epoch) ++next.acknowledged;
    }
    next.ticks = counts.ticks;
    next.merges = counts.merges;
    next.lost_races = counts.lost_races;
    next.refused_records = counts.refused_records;
    next.failed_files = counts.failed_files;
    const auto unreadable = services.follower.unreadable_since();
    const bool has_read = services.follower.has_answered();
    {
      const std::lock_guard lock(mutex_);
      view_ = std::move(next);
      unreadable_since_ = unreadable;
      has_read_ = has_read;
    }
    first_read_.notify_all();
  }

  EndCounts ends_;
  mutable std::mutex mutex_;
  std::condition_variable first_read_;
  bool has_read_ = false;
  FlipView view_;
  std::optional<SteadyTime> unreadable_since_;
  EventLoopThreads threads_;
  std::unique_ptr<FlipServices> services_;
};

}  // namespace

std::unique_ptr<FlipControl> make_flip_control(CurrentSnapshot& snapshot, FlipControlOptions options) {
  return std::make_unique<FlipControlOfAProcess>(snapshot, std::move(options));
}

}  // namespace shunt::flip
