#include "remote.hpp"

#include <algorithm>

#include "bullmq/error.hpp"
#include "options_json.hpp"

namespace remote {
namespace {

// For that long after an object was made, and so many of its events, what nobody has subscribed to is kept.
constexpr std::chrono::seconds kSubscriptionDelay{1};
constexpr std::size_t kMostEarly = 1'000;

bullmq::awaitable<bullmq::Job> find_job(Handle& handle, std::string id) {
  const auto held = handle.held.find(id);
  if (held != handle.held.end()) co_return held->second;
  bullmq::Queue& queue = handle.queue ? *handle.queue : *handle.jobs;
  auto job = co_await queue.get_job(id);
  if (job) co_return std::move(*job);
  co_return queue.job_handle(id);
}

Json encode_event(const bullmq::QueueEvent& event) {
  Json fields = Json::object();
  for (const auto& [name, value] : event.fields) {
    const bool is_json =
        (event.name == "progress" && name == "data") || (event.name == "completed" && name == "returnvalue");
    if (is_json) {
      fields[name] = value_of(value);
    } else if (event.name == "delayed" && name == "delay") {
      fields[name] = value_of(value);
    } else {
      fields[name] = value;
    }
  }
  return fields;
}

// A stream has the events that somebody put there; a worker has its own.
void refuse_unknown_event(const Handle& object, const std::string& event) {
  static const std::set<std::string, std::less<>> kOfWorkers{
      "active",  "closed",  "closing",      "completed", "drained",           "error",
      "failed",  "paused",  "locksRenewed", "progress",  "lockRenewalFailed", "ready",
      "resumed", "stalled", "ioredis:close"};
  if (object.events || (object.worker && kOfWorkers.contains(event))) return;
  throw NotSupported("event " + event);
}

template <typename Table>
Json names_of(const Table& table) {
  Json names = Json::array();
  for (const auto& [name, call] : table) names.push_back(name);
  return names;
}

}  // namespace

Json call_options(const Json& given, std::initializer_list<std::string_view> known) {
  if (!given.is_object()) return Json::object();
  for (const auto& [name, value] : given.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) throw NotSupported("option " + name);
  }
  return given;
}

Handle& Remote::handle(const std::string& name) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) throw bullmq::Error("no object is named " + name);
  return *found->second;
}

Handle* Remote::find(const std::string& name) {
  const auto found = objects_.find(name);
  return found == objects_.end() ? nullptr : found->second.get();
}

void Remote::tell(const std::string& name, const std::string& event, const Json& args) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) return;
  Handle& object = *found->second;
  if (object.heard.contains(event)) return send_({{"event", event}, {"from", name}, {"args", args}});
  // The line that subscribes to it may be on its way.
  if (std::chrono::steady_clock::now() - object.made < kSubscriptionDelay && object.early.size() < kMostEarly)
    object.early.emplace_back(event, args);
}

void Remote::subscribe(const std::string& name, Handle& object, const std::string& event) {
  object.heard.insert(event);
  std::vector<std::pair<std::string, Json>> others;
  for (auto& [early, args] : std::exchange(object.early, {})) {
    if (early == event) {
      tell(name, event, args);
    } else {
      others.emplace_back(early, std::move(args));
    }
  }
  object.early = std::move(others);
}

void Remote::construct(const Json& request) {
  const std::string kind = request.at("new");
  const std::string name = request.at("as");
  if (objects_.contains(name)) throw bullmq::Error("the name " + name + " is taken");
  const Arguments args(request.value("args", Json::array()));
  const auto object = std::make_shared<Handle>();
  if (kind == "Queue") {
    object->queue.emplace(executor_, args.text(0), queue_options(args.at(1)));
  } else if (kind == "Worker") {
    if (args.at(2).value("connection", Json()).is_null()) throw bullmq::Error("Worker requires a connection");
    auto options = worker_options(args.at(2));
    bullmq::QueueOptions window;
    window.connection = options.connection;
    window.prefix = options.prefix;
    window.skip_metas_update = true;
    object->worker.emplace(executor_, args.text(0),
                           args.at(1).is_null() ? bullmq::Processor{} : remote_processor(*this, name),
                           std::move(options));
    object->jobs.emplace(executor_, args.text(0), std::move(window));
    subscribe_worker(*this, name, *object);
  } else if (kind == "QueueEvents") {
    object->events.emplace(executor_, args.text(0), events_options(args.at(1)));
    object->subscriptions.push_back(
        object->events->on_event().subscribe([this, name](const bullmq::QueueEvent& event) {
          const Json fields = encode_event(event);
          tell(name, event.name,
               event.name == "drained" ? Json::array({event.id}) : Json::array({fields, event.id}));
          if (!event.job_id().empty()) {
            tell(name, event.name + ":" + std::string(event.job_id()), Json::array({fields, event.id}));
          }
        }));
    object->subscriptions.push_back(
        object->events->on_error().subscribe([this, name](const std::exception& error) {
          Json described;
          described["$error"] = {{"name", "Error"}, {"message", error.what()}};
          tell(name, "error", Json::array({described}));
        }));
  } else if (kind == "QueueEventsProducer") {
    object->producer.emplace(executor_, args.text(0), producer_options(args.at(1)));
  } else {
    throw NotSupported("class " + kind);
  }
  objects_[name] = object;
}

void Remote::settle(const Json& message) {
  const auto found = calls_.find(message.at("call").get<int>());
  if (found == calls_.end()) return;
  if (message.contains("reject")) {
    found->second->rejected = decode_rejection(message["reject"]);
  } else {
    found->second->resolved = message.contains("resolve") ? message["resolve"] : Json();
  }
  found->second->wake();
}

bullmq::awaitable<Json> Remote::answer(Json request) {
  if (request.contains("new")) {
    construct(request);
    co_return Json();
  }
  if (request.contains("free")) {
    const std::string name = request["free"];
    static_cast<void>(handle(name));
    const auto object = objects_[name];
    objects_.erase(name);
    if (object->worker) {
      const std::optional<bullmq::Milliseconds> deadline =
          calls_.empty() ? std::nullopt : std::optional(bullmq::Milliseconds(0));
      co_await object->worker->close(deadline);
    }
    if (object->queue) co_await object->queue->close();
    if (object->events) co_await object->events->close();
    if (object->producer) co_await object->producer->close();
    co_return Json();
  }
  if (request.contains("get")) {
    Handle& object = handle(request["get"]);
    const std::string property = request.at("prop");
    if (property == "name" && object.queue) co_return object.queue->name();
    if (property == "qualifiedName" && object.queue) co_return object.queue->qualified_name();
    if (object.worker) co_return worker_property(*object.worker, property);
    throw NotSupported("property " + property);
  }
  if (request.contains("set")) {
    Handle& object = handle(request["set"]);
    if (!object.worker || request.at("prop") != "concurrency") {
      throw NotSupported("property " + request.at("prop").get<std::string>());
    }
    const Json value = request.at("value");
    const double number = value.is_number() ? value.get<double>() : 0;
    object.worker->set_concurrency(number < 1 ? 0 : static_cast<std::size_t>(number));
    co_return Json();
  }
  if (request.contains("on")) {
    Json result = co_await call_on(std::move(request));
    co_return result;
  }
  if (request.value("call", "") == "capabilities") {
    Json all = Json::object();
    all["Queue"] = names_of(queue_calls());
    all["Worker"] = names_of(worker_calls());
    all["Job"] = names_of(job_calls());
    all["QueueEvents"] = {"close", "off", "on", "waitUntilReady"};
    all["QueueEventsProducer"] = {"close", "publishEvent"};
    co_return all;
  }
  throw NotSupported(request.dump());
}

bullmq::awaitable<Json> Remote::call_on(Json request) {
  const std::string call = request.at("call");
  const Arguments args(request.value("args", Json::array()));
  if (request["on"].is_object()) {
    const auto found = job_calls().find(call);
    if (found == job_calls().end()) throw NotSupported("Job." + call);
    Handle& owner = handle(request["on"].at("of"));
    bullmq::Job job = co_await find_job(owner, request["on"].at("job").get<std::string>());
    const std::string id = job.id();
    Json result = co_await found->second(*this, job, args);
    if (call == "moveToCompleted" || call == "moveToFailed") owner.held.erase(id);
    co_return result;
  }
  const std::string name = request["on"];
  Handle& object = handle(name);
  if (call == "on" || call == "off") {
    refuse_unknown_event(object, args.text(0));
    if (call == "on") {
      subscribe(name, object, args.text(0));
    } else {
      object.heard.erase(args.text(0));
      // What comes from now on is not wanted, also if it is subscribed to again.
      object.early.clear();
      object.made = {};
    }
    co_return Json();
  }
  if (object.queue) {
    const auto found = queue_calls().find(call);
    if (found == queue_calls().end()) throw NotSupported("Queue." + call);
    Json result = co_await found->second(*object.queue, args);
    co_return result;
  }
  if (object.worker) {
    if (call == "cancelJob") cancel_reason = args.at(1);
    if (call == "cancelAllJobs") cancel_reason = args.at(0);
    const auto found = worker_calls().find(call);
    if (found == worker_calls().end()) throw NotSupported("Worker." + call);
    Json result = co_await found->second(object, args);
    co_return result;
  }
  if (object.events) {
    if (call == "waitUntilReady") {
      co_await object.events->wait_until_ready();
    } else if (call == "close") {
      co_await object.events->close();
    } else {
      throw NotSupported("QueueEvents." + call);
    }
    co_return Json();
  }
  if (call == "close") {
    co_await object.producer->close();
  } else if (call == "publishEvent") {
    std::vector<std::pair<std::string, std::string>> fields;
    std::string event;
    const Json given = args.at(0);
    for (const auto& [field, value] : given.items()) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      if (field == "eventName") {
        event = text;
      } else {
        fields.emplace_back(field, text);
      }
    }
    const auto max_events = args.get<std::int64_t>(1, 1'000);
    co_await object.producer->publish(std::move(event), std::move(fields), max_events);
  } else if (call != "waitUntilReady") {
    throw NotSupported("QueueEventsProducer." + call);
  }
  co_return Json();
}

bullmq::awaitable<void> Remote::end() {
  if (!calls_.empty()) co_return;
  const auto objects = objects_;
  // Nobody is left who could answer for a job that comes just now.
  const std::optional<bullmq::Milliseconds> at_once(bullmq::Milliseconds(0));
  for (const auto& [name, object] : objects) {
    if (object->worker) co_await object->worker->close(at_once);
    if (object->events) co_await object->events->close();
    if (object->queue) co_await object->queue->close();
    if (object->producer) co_await object->producer->close();
  }
}

}  // namespace remote
