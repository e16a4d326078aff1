#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bullmq/redis_reply.hpp"
#include "shunt/base/result.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/generation_id.hpp"

// What the scripts of executor/lua answer, each decoded in one place into values that cannot be wrong. Pure:
// whatever the reply is, these functions return. An answer of another shape than its script's fails with
// `queue_unavailable` (something else answers under Redis' name), one that tells of a record which is not as
// ours are with `broken_record`.
namespace shunt::executor {

[[nodiscard]] Error unexpected_answer(std::string_view script, const bullmq::RedisReply& got);
[[nodiscard]] Error broken_record(std::string_view what, std::string_view why);

// Where a scan begins, and what it ends with.
inline constexpr std::string_view kScanStart = "0";
inline constexpr std::string_view kScanEnd = "0";

// A whole number from 0 that JSON's readers agree on, as an integer or as its digits.
[[nodiscard]] std::optional<std::uint64_t> whole_number(const bullmq::RedisReply& reply);

// admit.lua
struct Admitted {};
struct KeyHeld {
  GenerationId holder;
  bool lost = false;  // not in its queue
};
struct KeyConflict {
  GenerationId holder;
};
struct ModelBusy {
  std::int64_t slots = 0;
};
struct NoWorkerThere {};
struct TooManyOpen {
  std::int64_t limit = 0;
};
struct ClaimsFull {};
using AdmitAnswer =
    std::variant<Admitted, KeyHeld, KeyConflict, ModelBusy, NoWorkerThere, TooManyOpen, ClaimsFull>;
[[nodiscard]] Result<AdmitAnswer> decode_admit(const bullmq::RedisReply& reply);

// begin.lua
struct BeginRun {
  std::uint64_t attempt = 0;
  std::uint64_t sequence = 0;
};
struct BeginCancelled {
  std::uint64_t attempt = 0;
  std::uint64_t sequence = 0;
  std::string reason;
};
struct BeginEnded {
  std::string state;  // "" = a worker of an earlier version, or nobody, has said it
};
// It is begun at most once, and may have been: it ends with this attempt, and does not run.
struct BeginLost {
  std::uint64_t attempt = 0;
  std::uint64_t sequence = 0;
};
struct BeginNotYours {};
struct BeginWantsHead {};
using BeginAnswer =
    std::variant<BeginRun, BeginCancelled, BeginEnded, BeginLost, BeginNotYours, BeginWantsHead>;
[[nodiscard]] Result<BeginAnswer> decode_begin(const bullmq::RedisReply& reply);

// reserve.lua
enum class ReserveAnswer {
  kReserved,
  kBeingRemoved,  // the same bytes, at this moment: ask again
  kFenced,        // another attempt has begun, or the generation has ended
};
[[nodiscard]] ReserveAnswer decode_reserve(const bullmq::RedisReply& reply);

// append.lua, of one batch
struct Appended {
  // Somebody wants the generation to stop, and why.
  std::optional<std::string> cancel_reason{};
};
// The log is elsewhere, or the writer has lost its right; nothing was written.
struct AppendRefused {};
using AppendAnswer = std::variant<AppendRefused, Appended>;
// What is none of the script's answers is a refusal: whoever does not know what became of its batch may not
// go on.
[[nodiscard]] AppendAnswer decode_append(const bullmq::RedisReply& reply);

// cancel.lua
struct CancelWaiting {
  std::uint64_t sequence = 0;
  std::uint64_t attempt = 0;
};
struct CancelRunning {};
struct CancelNothing {};  // it has ended
struct CancelUnknown {};
using CancelAnswer = std::variant<CancelWaiting, CancelRunning, CancelNothing, CancelUnknown>;
[[nodiscard]] Result<CancelAnswer> decode_cancel(const bullmq::RedisReply& reply);

// delete.lua
struct DeleteGone {};
struct DeleteUnknown {};
struct DeleteOpen {};      // it has not ended
struct DeleteHeld {};      // a worker has not ended its job yet
struct DeleteJobThere {};  // its job is there still, so nothing was deleted
struct DeleteEnded {
  std::string queue;  // "<prefix>:<queue>"
};
using DeleteAnswer =
    std::variant<DeleteGone, DeleteUnknown, DeleteOpen, DeleteHeld, DeleteJobThere, DeleteEnded>;
[[nodiscard]] Result<DeleteAnswer> decode_delete(const bullmq::RedisReply& reply);

// was_of.lua
[[nodiscard]] Result<bool> decode_was_of(const bullmq::RedisReply& reply);

// request.lua
struct RequestGone {};
struct RequestUnknown {};
struct RequestText {
  std::string envelope;  // "" = kept no longer
};
using RequestAnswer = std::variant<RequestGone, RequestUnknown, RequestText>;
[[nodiscard]] Result<RequestAnswer> decode_request(const bullmq::RedisReply& reply);

// list.lua
struct ListAnswer {
  std::string next;  // "" = that was all
  bool adopt = false;
  std::vector<std::string> ids;
};
[[nodiscard]] Result<ListAnswer> decode_list(const bullmq::RedisReply& reply);

// adopt.lua
struct AdoptAnswer {
  bool more = false;
};
[[nodiscard]] Result<AdoptAnswer> decode_adopt(const bullmq::RedisReply& reply);

// strays.lua
struct StraysAnswer {
  bool more = false;
  std::vector<std::string> ids;
};
[[nodiscard]] Result<StraysAnswer> decode_strays(const bullmq::RedisReply& reply);

// release.lua
struct ReleaseAnswer {
  std::string next;  // kScanEnd = that was all
  std::vector<std::string> digests;
};
[[nodiscard]] Result<ReleaseAnswer> decode_release(const bullmq::RedisReply& reply);

// A position of a scan, from which a later call goes on; "0" for what is none.
[[nodiscard]] std::string decode_position(const bullmq::RedisReply& reply);

// The texts of a list, without what is none.
[[nodiscard]] std::vector<std::string> texts_of(const bullmq::RedisReply& reply);

// A list of texts and nothing else.
[[nodiscard]] Result<std::vector<std::string>> decode_texts(std::string_view script,
                                                            const bullmq::RedisReply& reply);

}  // namespace shunt::executor
