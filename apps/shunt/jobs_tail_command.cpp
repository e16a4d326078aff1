#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

#include "commands.hpp"
#include "exit_code.hpp"
#include "generation_printer.hpp"
#include "service_client.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/event_codec.hpp"
#include "shunt/http/sse_reader.hpp"
#include "shutdown_signals.hpp"
#include "text_table.hpp"
#include "write_all.hpp"

namespace shunt::app {
namespace {

constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{2'000};
// A service that restarts is back by then.
constexpr std::chrono::seconds kReconnectWithin{60};
// An event may hold a whole result, of which a generator may make hundreds of MiB.
constexpr std::size_t kMaxEventBytes = 1024UL * 1024 * 1024;

// Follows one generation's events over as many connections as it takes.
class Tail {
 public:
  Tail(ServiceClient& client, const JobsOptions& options, const std::atomic<bool>& stop)
      : client_(client),
        id_(options.ids.front()),
        json_(options.json),
        stop_(stop),
        printer_({.model = {}, .output = {}, .json = options.json}) {}

  int run();

 private:
  // False: nothing more can be read.
  [[nodiscard]] bool take_bytes(http::SseReader& reader, std::string_view bytes);
  void take(const http::SseEvent& event);
  void report(const GenerationEvent& event);
  void note(const std::string& text);
  [[nodiscard]] std::optional<Error> read_once();
  [[nodiscard]] int report_end();

  ServiceClient& client_;
  const std::string id_;
  const bool json_;
  const std::atomic<bool>& stop_;
  GenerationPrinter printer_;
  std::string last_id_;
  std::optional<GenerationEvent> end_;
  std::optional<Error> broken_;  // nothing more can be done about it
  bool was_answered_ = false;
  bool has_text_ = false;
  SteadyTime last_answer_at_{};
};

void Tail::note(const std::string& text) {
  if (json_) return;
  printer_.abandon();
  std::cerr << Terminal(STDERR_FILENO).styled(Style::kDim, displayable(text)) << std::endl;
}

bool Tail::take_bytes(http::SseReader& reader, std::string_view bytes) {
  std::vector<http::SseEvent> events;
  const auto read = reader.feed(bytes, events);
  for (const http::SseEvent& event : events) take(event);
  if (!read && !end_) broken_ = Error{"invalid_events", "the service sent " + read.error().message};
  return !broken_;
}

void Tail::take(const http::SseEvent& event) {
  if (end_ || broken_) return;
  auto decoded = decode_events('[' + event.data + ']');
  if (!decoded || decoded->size() != 1) {
    broken_ = decoded ? Error{"invalid_events", "the service sent an event that is none"} : decoded.error();
    return;
  }
  was_answered_ = true;
  last_answer_at_ = std::chrono::steady_clock::now();
  last_id_ = event.id;
  report(decoded->front());
  if (decoded->front().terminal()) end_ = std::move(decoded->front());
}

void Tail::report(const GenerationEvent& event) {
  if (auto printed = printer_.print(event); !printed) broken_ = std::move(printed).error();
  if (std::holds_alternative<event::Delta>(event.payload)) has_text_ = true;
  if (const auto* restarted = std::get_if<event::Restarted>(&event.payload)) {
    note("its worker was lost: attempt " + std::to_string(restarted->attempt) +
         " begins, and what came before is void");
  } else if (const auto* ready = std::get_if<event::ArtifactReady>(&event.payload)) {
    const Artifact& artifact = ready->artifact;
    note("artifact " + artifact.name + " (" + artifact.media_type + ", " + size_text(artifact.stored_size) +
         "): " + client_.url() + "/v1/generations/" + id_ + "/artifacts/" + artifact.name);
  }
}

// One connection. An error that is worth another try is retryable.
std::optional<Error> Tail::read_once() {
  // A new one for each connection: what was not a whole event yet comes again.
  http::SseReader reader(kMaxEventBytes);
  const auto on_bytes = [this, &reader](std::string_view bytes) { return take_bytes(reader, bytes); };
  auto answer = client_.stream("/v1/generations/" + id_ + "/events", last_id_, on_bytes);
  if (end_ || broken_ || stop_) return std::nullopt;
  if (!answer) {
    Error error = std::move(answer).error();
    // Who never answered is not there; who did may come back.
    error.retryable = retryable_if(was_answered_);
    return error;
  }
  if (answer->status == 200) {
    return Error{"stream_ended", "the stream ended before the generation did", Retryable::kYes};
  }
  if (answer->status != 204) return error_of(*answer);
  // All events have been seen already; the record tells how it ended.
  return Error{"stream_ended", "the generation has ended", Retryable::kNo};
}

int Tail::run() {
  last_answer_at_ = std::chrono::steady_clock::now();
  auto pause = kFirstPause;
  while (true) {
    const std::string before = last_id_;
    const auto failure = read_once();
    if (stop_) {
      note("stopped following; the generation goes on");
      return kExitInterrupted;
    }
    if (broken_ || end_) break;
    if (last_id_ != before) pause = kFirstPause;
    if (!failure->is_retryable() || std::chrono::steady_clock::now() - last_answer_at_ > kReconnectWithin) {
      printer_.abandon();
      complain(failure->message + " (" + failure->code.to_string() + ')');
      return kExitFailed;
    }
    note(failure->message + "; trying again");
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  return report_end();
}

int Tail::report_end() {
  printer_.abandon();
  if (broken_) {
    if (broken_->code == kBrokenPipe) return kExitBrokenPipe;
    complain(broken_->message);
    return kExitFailed;
  }
  if (const auto* succeeded = std::get_if<event::Succeeded>(&end_->payload)) {
    // A generation without a word says everything in its result.
    if (!json_ && !has_text_ && !succeeded->result.is_null()) {
      std::cout << displayable_json(to_pretty_json(succeeded->result)) << std::endl;
    }
    note("succeeded");
    return kExitOk;
  }
  if (const auto* failed = std::get_if<event::Failed>(&end_->payload)) {
    complain("the generation failed: " + failed->error.message + " (" + failed->error.code.to_string() + ')');
  } else {
    complain("the generation was cancelled: " + std::get<event::Cancelled>(end_->payload).reason);
  }
  return kExitFailed;
}

}  // namespace

int jobs_tail(const JobsOptions& options) {
  auto client = ServiceClient::open(options.client);
  if (!client) {
    complain(client.error().message);
    return kExitConfiguration;
  }
  std::atomic<bool> stop{false};
  ShutdownSignals signals;
  signals.on_first([&stop, &client](int) {
    stop = true;
    client->stop();
  });
  const int exit_code = Tail(*client, options, stop).run();
  signals.stop();
  return exit_code;
}

}  // namespace shunt::app
