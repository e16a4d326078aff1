#include "queue/runtime/large_outputs.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "queue/runtime/run_on_pool.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

// After a reservation that failed, or while the same bytes are being removed.
constexpr std::chrono::milliseconds kPauseAfterError{100};

}  // namespace

bullmq::awaitable<std::optional<Error>> LargeOutputs::store(GenerationEvent::Payload& payload) {
  auto* const ready = std::get_if<event::ArtifactReady>(&payload);
  auto* const succeeded = std::get_if<event::Succeeded>(&payload);
  std::shared_ptr<const std::string> bytes;
  // The result is the generation's, and its text is there beside it.
  MemoryReservation memory(services_.memory, MemoryShare::kOpen);
  if (ready != nullptr) {
    bytes = ready->artifact.contents();
  } else if (succeeded != nullptr && !succeeded->result.is_null() &&
             !json_text_surely_within(succeeded->result, services_.max_inline_bytes)) {
    bytes = std::make_shared<const std::string>(to_json_text(succeeded->result));
    if (bytes->size() <= services_.max_inline_bytes) co_return std::nullopt;
    memory.resize(bytes->size());
  } else {
    co_return std::nullopt;
  }
  std::function<std::string()> digest = [bytes] { return sha256_hex(*bytes); };
  std::string sha256 = co_await run_on(services_.files, std::move(digest));
  const bool wanted = co_await reserve(std::move(sha256));
  if (!wanted) co_return Error{error_code::kWorkerLost, "another attempt has the generation by now"};
  ArtifactStore* const store = &services_.artifacts;
  std::function<Result<std::string>()> work = [store, bytes] { return store->put(*bytes); };
  Result<std::string> stored = co_await run_on(services_.files, std::move(work));
  if (!stored) co_return std::move(stored).error();
  if (ready != nullptr) {
    ready->artifact.stored_size = bytes->size();
    ready->artifact.sha256 = std::move(*stored);
  } else {
    succeeded->result = nullptr;
    succeeded->stored = event::StoredResult{std::move(*stored), bytes->size()};
  }
  co_return std::nullopt;
}

// Before the bytes are put there, so that whoever removes the same bytes of others at this moment is waited
// for.
bullmq::awaitable<bool> LargeOutputs::reserve(std::string sha256) {
  while (!given_up_()) {
    ReserveAnswer answer = ReserveAnswer::kBeingRemoved;
    try {
      answer = co_await services_.records.reserve(sha256, id_, services_.attempt);
    } catch (...) {
      // For as long as the lock is ours, it is tried again.
      note_caught(services_.faults, "reserve");
    }
    if (answer == ReserveAnswer::kFenced) co_return false;
    if (answer == ReserveAnswer::kReserved) co_return true;
    boost::asio::steady_timer pause(services_.loop.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return false;
}

}  // namespace shunt::executor
