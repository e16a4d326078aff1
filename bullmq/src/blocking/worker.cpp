#include "bullmq/blocking_worker.hpp"

#include <utility>

#include "blocking/call.hpp"
#include "blocking/loop.hpp"
#include "bullmq/worker.hpp"
#include "core/run_detached.hpp"

namespace bullmq::blocking {

using detail::call;

namespace {

// The loop-side worker that a thread belongs to which runs a processor.
thread_local const void* processing_for = nullptr;

// What tells workers apart; shared with the threads, which may outlive theirs.
struct Identity {};

BlockingProcessor marked(BlockingProcessor processor, const std::shared_ptr<Identity>& identity) {
  return [processor = std::move(processor), identity](Job& job, const std::stop_token& stop) {
    struct Mark {
      explicit Mark(const void* worker) { processing_for = worker; }
      ~Mark() { processing_for = nullptr; }
    } const mark(identity.get());
    return processor(job, stop);
  };
}

template <typename Signal, typename Listener>
void listen(Signal& signal, Listener listener) {
  if (listener) signal.subscribe(std::move(listener)).detach();
}

void listen_to_all(bullmq::Worker& worker, const std::shared_ptr<detail::Gate>& gate,
                   WorkerListeners listeners) {
  WorkerEvents& events = worker.events();
  // Listeners of jobs get handles that they may pass on to other threads.
  const auto of_job = [gate](auto listener) {
    return [gate, listener = std::move(listener)](const bullmq::Job& job, const auto&... details) {
      listener(detail::make_blocking_job(gate, job), details...);
    };
  };
  if (listeners.active) events.active.subscribe(of_job(std::move(listeners.active))).detach();
  if (listeners.completed) events.completed.subscribe(of_job(std::move(listeners.completed))).detach();
  if (listeners.failed) events.failed.subscribe(of_job(std::move(listeners.failed))).detach();
  if (listeners.progress) events.progress.subscribe(of_job(std::move(listeners.progress))).detach();
  listen(events.ready, std::move(listeners.ready));
  listen(events.stalled, std::move(listeners.stalled));
  listen(events.drained, std::move(listeners.drained));
  listen(events.paused, std::move(listeners.paused));
  listen(events.resumed, std::move(listeners.resumed));
  listen(events.closing, std::move(listeners.closing));
  listen(events.closed, std::move(listeners.closed));
  listen(events.error, std::move(listeners.error));
  listen(events.lock_renewal_failed, std::move(listeners.lock_renewal_failed));
  listen(events.locks_renewed, std::move(listeners.locks_renewed));
  listen(events.connection_closed, std::move(listeners.connection_closed));
}

awaitable<void> close_unattended(std::shared_ptr<bullmq::Worker> worker) {
  co_await worker->close(Milliseconds(0));
}

}  // namespace

struct [[gnu::visibility("hidden")]] Worker::State {
  State(std::shared_ptr<Client::Loop> of, const std::shared_ptr<bullmq::Worker>& made,
        std::shared_ptr<Identity> identity_of_worker)
      : loop(std::move(of)),
        name(made->name()),
        id(made->id()),
        identity(std::move(identity_of_worker)),
        worker(loop->gate, made) {}

  ~State() {
    if (processing_for != identity.get() && close_and_wait()) return;
    loop->gate->post([weak = worker.object(), executor = loop->context->get_executor()] {
      // Detached: the coroutine owns what it needs, and the thread lives until its end.
      if (auto strong = weak.lock()) detail::run_detached(executor, close_unattended(std::move(strong)));
    });
  }

  // false on the client's own thread, where a listener destroys this: it cannot wait for itself.
  bool close_and_wait() {
    try {
      call(worker, [](bullmq::Worker& of) { return of.close(Milliseconds(0)); });
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  // What needs no waiting on the client's thread.
  template <typename Look>
  auto look(Look work) {
    return detail::call_now(loop->gate,
                            [weak = worker.object(), work = std::move(work)] { return work(*weak.lock()); });
  }

  void refuse_own_processor() const {
    if (processing_for != identity.get()) return;
    throw Error("a processor may not wait for its own worker to end its jobs: it would wait for itself");
  }

  // First: it goes last.
  std::shared_ptr<Client::Loop> loop;
  const std::string name;
  const std::string id;
  std::shared_ptr<Identity> identity;
  detail::Kept<bullmq::Worker> worker;
};

Worker::Worker(Client& client, std::string queue_name, BlockingProcessor processor, WorkerOptions options,
               WorkerListeners listeners) {
  // What the thread runs has no copy of it: the thread must not be the one that drops it last.
  const auto& loop = client.loop();
  state_ = detail::call_now(
      loop->gate, [&loop, queue_name = std::move(queue_name), processor = std::move(processor),
                   options = std::move(options), listeners = std::move(listeners)]() mutable {
        options.connection = loop->options;
        const auto executor = loop->gate->executor();
        const auto identity = std::make_shared<Identity>();
        if (processor) processor = marked(std::move(processor), identity);
        // What it tells comes after this function, so no event is missed.
        const auto made =
            processor ? std::make_shared<bullmq::Worker>(executor, std::move(queue_name),
                                                         std::move(processor), std::move(options))
                      : std::make_shared<bullmq::Worker>(executor, std::move(queue_name), std::move(options));
        listen_to_all(*made, loop->gate, std::move(listeners));
        return std::make_unique<State>(loop, made, identity);
      });
}

Worker::Worker(Client& client, std::string queue_name, WorkerOptions options, WorkerListeners listeners)
    : Worker(client, std::move(queue_name), BlockingProcessor{}, std::move(options), std::move(listeners)) {}

Worker::~Worker() = default;
Worker::Worker(Worker&&) noexcept = default;
Worker& Worker::operator=(Worker&&) noexcept = default;

const std::string& Worker::name() const noexcept {
  return state_->name;
}
const std::string& Worker::id() const noexcept {
  return state_->id;
}

void Worker::wait_until_ready() {
  call(state_->worker, [](bullmq::Worker& worker) { return worker.wait_until_ready(); });
}

void Worker::run() {
  state_->refuse_own_processor();
  call(state_->worker, [](bullmq::Worker& worker) { return worker.run(); });
}

void Worker::pause(ActiveJobs active) {
  if (active == ActiveJobs::wait) state_->refuse_own_processor();
  call(state_->worker, [active](bullmq::Worker& worker) { return worker.pause(active); });
}

void Worker::close(std::optional<Milliseconds> deadline) {
  state_->refuse_own_processor();
  call(state_->worker, [deadline](bullmq::Worker& worker) { return worker.close(deadline); });
}

std::optional<Job> Worker::get_next_job(std::string token, WhenEmpty when_empty) {
  return call(state_->worker, [token = std::move(token), when_empty](bullmq::Worker& worker) mutable {
    return worker.get_next_job(std::move(token), when_empty);
  });
}

void Worker::rate_limit(Milliseconds duration) {
  call(state_->worker, [duration](bullmq::Worker& worker) { return worker.rate_limit(duration); });
}

bool Worker::is_running() {
  return state_->look([](bullmq::Worker& worker) { return worker.is_running(); });
}
bool Worker::is_paused() {
  return state_->look([](bullmq::Worker& worker) { return worker.is_paused(); });
}
std::size_t Worker::concurrency() {
  return state_->look([](bullmq::Worker& worker) { return worker.concurrency(); });
}
void Worker::set_concurrency(std::size_t concurrency) {
  state_->look([concurrency](bullmq::Worker& worker) { worker.set_concurrency(concurrency); });
}
std::size_t Worker::active_count() {
  return state_->look([](bullmq::Worker& worker) { return worker.active_count(); });
}
void Worker::resume() {
  state_->look([](bullmq::Worker& worker) { worker.resume(); });
}
bool Worker::cancel_job(std::string job_id, std::string reason) {
  return state_->look([job_id = std::move(job_id), reason = std::move(reason)](bullmq::Worker& worker) {
    return worker.cancel_job(job_id, reason);
  });
}
void Worker::cancel_all_jobs(std::string reason) {
  state_->look([reason = std::move(reason)](bullmq::Worker& worker) { worker.cancel_all_jobs(reason); });
}
void Worker::start_stalled_check_timer() {
  state_->look([](bullmq::Worker& worker) { worker.start_stalled_check_timer(); });
}

}  // namespace bullmq::blocking
