#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/job_codec.hpp"
#include "redis/reply.hpp"

// What our own scripts answer (bullmq/lua), decoded here and nowhere else. All of it throws
// UnexpectedReplyError for an answer of another shape.
namespace bullmq::detail {

// How much one caller has in a call of finishMany that it shares with others.
struct EndShare {
  std::size_t ends = 0;
  std::size_t slots = 0;
};
// The answers to each of them: one for each end, and one for each slot up to the first that found nothing.
// Ends come before slots in the script's answers, which stop at the first slot that found nothing: what it
// says, until when to wait, holds for the slots behind it too.
[[nodiscard]] std::vector<std::vector<Reply>> share_out(const std::vector<EndShare>& shares, Reply reply);

// One of those answers that is no negative code: {fields, id} for a job as it was before the script took it,
// then as decode_next_job. Both may have one element more, the text of what went wrong beside it.
[[nodiscard]] NextJob read_taken(Reply answer, StoredJobOptions* known = nullptr);

// What addMany did with one job.
struct AddedJob {
  std::int64_t number = 0;
  bool duplicate = false;
  // Redis refused it alone.
  std::optional<std::string> error;
};
[[nodiscard]] std::vector<AddedJob> read_added(Reply reply, std::size_t count);

}  // namespace bullmq::detail
