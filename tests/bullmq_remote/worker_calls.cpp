#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bullmq/error.hpp"
#include "remote.hpp"

namespace remote {
namespace {

namespace asio = boost::asio;
using bullmq::awaitable;
using bullmq::Job;

awaitable<std::string> process_remotely(Remote& remote, std::string name, Job job, std::stop_token stop) {
  // The answer is the caller's to give, also when the job is cancelled.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  const int number = remote.next_call();
  const auto call = std::make_shared<Call>();
  remote.calls()[number] = call;
  asio::steady_timer answered(remote.executor(), asio::steady_timer::time_point::max());
  call->wake = [&answered] { answered.cancel(); };
  remote.handle(name).held.insert_or_assign(job.id(), job);
  Json process = Json::object();
  process["call"] = number;
  process["worker"] = name;
  process["job"] = encode_job(job);
  process["token"] = job.token();
  Json request = Json::object();
  request["process"] = process;
  remote.send(request);
  {
    const std::stop_callback cancelled(stop, [&remote, number] {
      Json cancel = Json::object();
      cancel["cancel"] = {{"call", number}, {"reason", remote.cancel_reason}};
      remote.send(cancel);
    });
    boost::system::error_code ignored;
    while (!call->resolved && !call->rejected) {
      co_await answered.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }
  remote.calls().erase(number);
  if (Handle* owner = remote.find(name)) owner->held.erase(job.id());
  if (call->rejected) std::rethrow_exception(call->rejected);
  co_return call->resolved->dump();
}

awaitable<Json> get_next_job(Handle& handle, Arguments args) {
  const bool block = call_options(args.at(1), {"block"}).value("block", true);
  const auto when_empty = block ? bullmq::WhenEmpty::wait : bullmq::WhenEmpty::return_at_once;
  auto job = co_await handle.worker->get_next_job(args.text(0), when_empty);
  if (!job) co_return Json();
  handle.held.insert_or_assign(job->id(), *job);
  co_return encode_job(*job);
}

awaitable<Json> run(Handle& handle, Arguments) {
  co_await handle.worker->run();
  co_return Json();
}

awaitable<Json> pause(Handle& handle, Arguments args) {
  const auto active = args.get(0, false) ? bullmq::ActiveJobs::leave : bullmq::ActiveJobs::wait;
  co_await handle.worker->pause(active);
  co_return Json();
}

awaitable<Json> resume(Handle& handle, Arguments) {
  handle.worker->resume();
  co_return Json();
}

awaitable<Json> close(Handle& handle, Arguments args) {
  std::optional<bullmq::Milliseconds> deadline;
  if (args.get(0, false)) deadline = bullmq::Milliseconds(0);
  co_await handle.worker->close(deadline);
  co_await handle.jobs->close();
  co_return Json();
}

awaitable<Json> wait_until_ready(Handle& handle, Arguments) {
  co_await handle.worker->wait_until_ready();
  co_return Json();
}

awaitable<Json> rate_limit(Handle& handle, Arguments args) {
  co_await handle.worker->rate_limit(bullmq::Milliseconds(args.get<std::int64_t>(0, 0)));
  co_return Json();
}

awaitable<Json> start_stalled_check_timer(Handle& handle, Arguments) {
  handle.worker->start_stalled_check_timer();
  co_return Json();
}

awaitable<Json> is_running(Handle& handle, Arguments) {
  co_return handle.worker->is_running();
}
awaitable<Json> is_paused(Handle& handle, Arguments) {
  co_return handle.worker->is_paused();
}

awaitable<Json> cancel_job(Handle& handle, Arguments args) {
  co_return handle.worker->cancel_job(args.text(0), args.text(1));
}
awaitable<Json> cancel_all_jobs(Handle& handle, Arguments args) {
  handle.worker->cancel_all_jobs(args.text(0));
  co_return Json();
}

}  // namespace

bullmq::Processor remote_processor(Remote& remote, const std::string& name) {
  return [&remote, name](Job job, std::stop_token stop) {
    return process_remotely(remote, name, std::move(job), std::move(stop));
  };
}

void subscribe_worker(Remote& remote, const std::string& name, Handle& handle) {
  auto& events = handle.worker->events();
  auto& kept = handle.subscriptions;
  const auto simple = [&](bullmq::Signal<>& signal, const char* event) {
    kept.push_back(signal.subscribe([&remote, name, event] { remote.tell(name, event, Json::array()); }));
  };
  simple(events.ready, "ready");
  simple(events.drained, "drained");
  simple(events.paused, "paused");
  simple(events.resumed, "resumed");
  simple(events.closed, "closed");
  simple(events.connection_closed, "ioredis:close");
  kept.push_back(events.closing.subscribe(
      [&remote, name] { remote.tell(name, "closing", Json::array({"closing queue"})); }));
  kept.push_back(events.active.subscribe([&remote, name](const Job& job) {
    remote.tell(name, "active", Json::array({encode_job(job), "waiting"}));
  }));
  kept.push_back(events.completed.subscribe([&remote, name](const Job& job, std::string_view value) {
    remote.tell(name, "completed", Json::array({encode_job(job), value_of(value), "active"}));
  }));
  kept.push_back(events.failed.subscribe([&remote, name](const Job& job, const bullmq::JobFailure& failure) {
    remote.tell(name, "failed", Json::array({encode_job(job), encode_failure(failure), "active"}));
  }));
  kept.push_back(events.progress.subscribe([&remote, name](const Job& job, std::string_view progress) {
    remote.tell(name, "progress", Json::array({encode_job(job), value_of(progress)}));
  }));
  kept.push_back(events.stalled.subscribe([&remote, name](std::string_view id) {
    remote.tell(name, "stalled", Json::array({std::string(id), "active"}));
  }));
  kept.push_back(events.error.subscribe([&remote, name](const std::exception& error) {
    Json described = Json::object();
    described["$error"] = {{"name", "Error"}, {"message", error.what()}};
    if (const auto* job_error = dynamic_cast<const bullmq::JobError*>(&error)) {
      described["$error"]["code"] = static_cast<int>(job_error->code());
    }
    remote.tell(name, "error", Json::array({described}));
  }));
  kept.push_back(events.lock_renewal_failed.subscribe([&remote, name](const std::vector<std::string>& ids) {
    remote.tell(name, "lockRenewalFailed", Json::array({ids}));
  }));
  kept.push_back(events.locks_renewed.subscribe([&remote, name](const std::vector<std::string>& ids) {
    Json renewed = Json::object();
    renewed["count"] = ids.size();
    renewed["jobIds"] = ids;
    remote.tell(name, "locksRenewed", Json::array({renewed}));
  }));
}

Json worker_property(bullmq::Worker& worker, const std::string& property) {
  if (property == "concurrency") return worker.concurrency();
  if (property == "id") return worker.id();
  if (property == "name") return worker.name();
  throw NotSupported("property Worker." + property);
}

const WorkerCalls& worker_calls() {
  static const WorkerCalls calls{
      {"run", run},
      {"pause", pause},
      {"resume", resume},
      {"close", close},
      {"waitUntilReady", wait_until_ready},
      {"getNextJob", get_next_job},
      {"rateLimit", rate_limit},
      {"startStalledCheckTimer", start_stalled_check_timer},
      {"isRunning", is_running},
      {"isPaused", is_paused},
      {"cancelJob", cancel_job},
      {"cancelAllJobs", cancel_all_jobs},
  };
  return calls;
}

}  // namespace remote
