#include "queue/services/generation_reader.hpp"

#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/runtime/run_on_pool.hpp"
#include "queue/services/second_looks.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {

using bullmq::awaitable;

namespace {

Error no_room() {
  return {error_code::kOverloaded,
          "this server's memory for generations (a share of memory.limit) is used up", Retryable::kYes};
}

Error owner_silent() {
  return {error_code::kQueueUnavailable,
          "the process that runs the generation does not answer now, and is not known to be gone",
          Retryable::kYes};
}

}  // namespace

awaitable<Result<ReadOutcome>> GenerationReader::read(std::string id, Follow follow) {
  auto outcome = co_await context_.records.read(id, follow);
  if (!outcome && outcome.error().code != error_code::kOverloaded)
    co_return context_.report_broken(id, std::move(outcome).error());
  auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored == nullptr || !stored->withheld) co_return outcome;
  auto failure = co_await load_result(*stored->withheld);
  if (failure) co_return std::move(*failure);
  stored->generation->apply(std::move(*std::exchange(stored->withheld, std::nullopt)));
  co_return outcome;
}

awaitable<Result<ReadOutcome>> GenerationReader::read_current(std::string id, Follow follow) {
  auto outcome = co_await read(id, follow);
  SecondLooks looks(context_, id);
  while (outcome && std::holds_alternative<GenerationUnknown>(*outcome)) {
    const bool again = co_await looks.wait();
    if (!again) co_return outcome;
    outcome = co_await read(id, follow);
  }
  auto* stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored != nullptr && stored->log != StoredGeneration::Log::kHere) {
    outcome = co_await read_of_owner(std::move(*stored), id, follow);
    stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  }
  if (stored == nullptr) co_return outcome;
  const bool ended = co_await ends_.end_if_over(*stored);
  if (ended) outcome = co_await read(id, follow);
  co_return outcome;
}

// The owner puts the log into the record, and goes on with it there while the generation is open.
awaitable<Result<ReadOutcome>> GenerationReader::read_of_owner(StoredGeneration stored, std::string id,
                                                               Follow follow) {
  const OwnerQueries::Outcome asked = co_await owners_.ask(stored.owner, id, OwnerRequest::kLog);
  switch (asked) {
    case OwnerQueries::Outcome::kDone: {
      auto outcome = co_await read(id, follow);
      const auto* const now = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
      if (now != nullptr && now->log != StoredGeneration::Log::kHere) co_return owner_silent();
      co_return outcome;
    }
    case OwnerQueries::Outcome::kAbsent: {
      auto outcome = co_await read_of_gone_owner(std::move(stored), std::move(id));
      co_return outcome;
    }
    case OwnerQueries::Outcome::kGone: {
      if (!leases_.may_judge()) co_return owner_silent();
      auto outcome = co_await read_of_gone_owner(std::move(stored), std::move(id));
      co_return outcome;
    }
    case OwnerQueries::Outcome::kFailed:
      co_return Error{error_code::kArtifactStoreFailed,
                      "the process that runs the generation could not store what it has of it"};
    case OwnerQueries::Outcome::kSilent:
      break;
  }
  co_return owner_silent();
}

// An end is told without what it belongs to, unless that is the result.
awaitable<Result<ReadOutcome>> GenerationReader::read_of_gone_owner(StoredGeneration stored, std::string id) {
  if (stored.log == StoredGeneration::Log::kHeld) {
    if (stored.generation->state() == GenerationState::kSucceeded) co_return ReadOutcome(GenerationGone{});
    co_return ReadOutcome(std::move(stored));
  }
  (void)co_await ends_.interrupt(stored);
  auto outcome = co_await read(std::move(id), Follow::kNo);
  const auto* const now = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (now != nullptr && now->log == StoredGeneration::Log::kOpen && is_open(*now)) co_return owner_silent();
  co_return outcome;
}

awaitable<std::optional<Error>> GenerationReader::load_result(GenerationEvent& ending) {
  auto& succeeded = std::get<event::Succeeded>(ending.payload);
  const std::size_t size = succeeded.stored->size;
  MemoryReservation memory(*context_.options.memory, MemoryShare::kOpen);
  if (!memory.try_resize(size)) co_return no_room();
  auto bytes = co_await read_stored(succeeded.stored->sha256, size);
  if (!bytes) co_return std::move(bytes).error();
  if (!memory.try_resize(size + json_parse_memory(**bytes))) co_return no_room();
  auto result = parse_json(**bytes);
  if (!result) co_return broken_record("the stored result of a generation", result.error().message);
  succeeded.result = std::move(*result);
  succeeded.stored.reset();
  co_return std::nullopt;
}

// On a thread that may block. No more than the size that was told, whatever the store has.
awaitable<GenerationReader::Bytes> GenerationReader::read_stored(std::string digest, std::size_t size) {
  ArtifactStore* const store = &context_.artifacts;
  std::function<Bytes()> work = [store, digest = std::move(digest), size] {
    return store->get(digest, size);
  };
  auto bytes = co_await run_on(context_.files, std::move(work));
  co_return bytes;
}

awaitable<GenerationReader::Bytes> GenerationReader::load(Artifact artifact) {
  if (artifact.bytes) co_return artifact.contents();
  if (artifact.sha256.empty()) {
    co_return Error{error_code::kArtifactGone, "the artifact's event does not tell where it lies"};
  }
  const std::size_t size = artifact.size();
  auto bytes = co_await read_stored(std::move(artifact.sha256), size);
  co_return bytes;
}

awaitable<GenerationReader::Bytes> GenerationReader::read_part(Artifact artifact, std::size_t offset,
                                                               std::size_t length) {
  if (artifact.bytes || artifact.sha256.empty()) co_return artifact.part(offset, length);
  ArtifactStore* const store = &context_.artifacts;
  const std::size_t size = artifact.size();
  std::function<Bytes()> work = [store, digest = std::move(artifact.sha256), size, offset, length] {
    return store->read(digest, size, offset, length);
  };
  auto bytes = co_await run_on(context_.files, std::move(work));
  co_return bytes;
}

awaitable<Result<FindOutcome>> GenerationReader::find(GenerationId id) {
  // What has ended does not change any more.
  const auto replica = replicas_.find(id.to_string());
  if (replica && is_terminal(replica->generation->state()))
    co_return FindOutcome(replica->generation->record());
  std::optional<Error> failure;
  try {
    auto outcome = co_await read_current(id.to_string(), Follow::kNo);
    if (!outcome) co_return std::move(outcome).error();
    if (auto* const stored = std::get_if<StoredGeneration>(&*outcome))
      co_return FindOutcome(stored->generation->record());
    if (std::holds_alternative<GenerationGone>(*outcome)) co_return FindOutcome(GenerationGone{});
  } catch (const std::exception& error) {
    note_caught(context_.faults, "find");
    failure = cannot_look(error);
  }
  if (failure) co_return std::move(*failure);
  co_return FindOutcome(GenerationUnknown{});
}

awaitable<Result<FindOutcome>> GenerationReader::find_after_owner(GenerationId id) {
  try {
    co_await wait_for_owner(id.to_string());
  } catch (const std::exception&) {
    note_caught(context_.faults, "find");
  }
  auto found = co_await find(id);
  co_return found;
}

// What an owner is told comes in order: its answer to a question comes behind whatever the rest has led to.
awaitable<void> GenerationReader::wait_for_owner(std::string id) {
  auto outcome = co_await read(id, Follow::kNo);
  const auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored == nullptr || stored->owner.empty() || !is_open(*stored)) co_return;
  (void)co_await owners_.ask(stored->owner, std::move(id), OwnerRequest::kLog);
}

awaitable<Result<RequestOutcome>> GenerationReader::request_of(GenerationId id) {
  const std::string name = id.to_string();
  std::optional<Error> failure;
  try {
    auto answer = co_await context_.records.request(name);
    const auto* const found = answer ? std::get_if<RequestText>(&*answer) : nullptr;
    if (found != nullptr && found->envelope.empty()) {
      const bool told = co_await ask_for_request(name);
      if (told) answer = co_await context_.records.request(name);
    }
    if (!answer) co_return context_.report_broken(name, std::move(answer).error());
    if (std::holds_alternative<RequestGone>(*answer)) co_return RequestOutcome(GenerationGone{});
    if (std::holds_alternative<RequestUnknown>(*answer)) co_return RequestOutcome(GenerationUnknown{});
    const std::string& text = std::get<RequestText>(*answer).envelope;
    if (text.empty()) co_return RequestOutcome(RequestForgotten{});
    auto envelope = decode_envelope(text);
    if (envelope && envelope->id == id) co_return RequestOutcome(std::move(envelope->request));
    const std::string why = envelope ? "it is another generation's" : envelope.error().message;
    co_return context_.report_broken(name, broken_record("the request of generation " + name, why));
  } catch (const std::exception& error) {
    note_caught(context_.faults, "request_of");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

// False: there is no owner who could tell.
awaitable<bool> GenerationReader::ask_for_request(std::string id) {
  auto outcome = co_await read(id, Follow::kNo);
  const auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored == nullptr || stored->owner.empty()) co_return false;
  const OwnerQueries::Outcome asked =
      co_await owners_.ask(stored->owner, std::move(id), OwnerRequest::kRequest);
  // It may answer the next time.
  const bool perhaps_gone = asked == OwnerQueries::Outcome::kGone && !leases_.may_judge();
  if (asked == OwnerQueries::Outcome::kSilent || perhaps_gone)
    throw bullmq::RedisError(owner_silent().message);
  co_return asked == OwnerQueries::Outcome::kDone;
}

awaitable<Result<bool>> GenerationReader::was_of(GenerationId id, std::string caller) {
  std::optional<Error> failure;
  try {
    auto answer = co_await context_.records.was_of(id.to_string(), std::move(caller));
    co_return answer;
  } catch (const std::exception& error) {
    note_caught(context_.faults, "was_of");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

}  // namespace shunt::executor
