#include "core/script_answers.hpp"

#include <utility>

#include "bullmq/error.hpp"
#include "redis/expected_reply.hpp"

namespace bullmq::detail {
namespace {

constexpr std::string_view kFinish = "finishMany";
constexpr std::string_view kAdd = "addMany";

// {fields, id} or, with a text beside it, {fields, id, text}.
bool is_taken(const Reply& answer) {
  return answer.is_array() && (answer.elements.size() == 2 || answer.elements.size() == 3);
}

}  // namespace

std::vector<std::vector<Reply>> share_out(const std::vector<EndShare>& shares, Reply reply) {
  std::size_t ending = 0;
  std::size_t slots = 0;
  for (const EndShare& share : shares) {
    ending += share.ends;
    slots += share.slots;
  }
  if (!reply.is_array() || reply.elements.size() < ending + (slots > 0 ? 1 : 0) ||
      reply.elements.size() > ending + slots) {
    unexpected_reply(
        kFinish,
        "an array of " + std::to_string(ending) + " ends and up to " + std::to_string(slots) + " slots",
        reply);
  }
  std::vector<Reply>& answered = reply.elements;
  // It stands for several slots: a job would be taken several times.
  const bool all_slots = answered.size() == ending + slots;
  if (!all_slots && is_taken(answered.back())) unexpected_reply(kFinish, "a last slot without a job", reply);
  std::vector<std::vector<Reply>> shared(shares.size());
  std::size_t end = 0;
  std::size_t slot = ending;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    for (std::size_t n = 0; n < shares[i].ends; ++n) shared[i].push_back(std::move(answered[end++]));
    const std::size_t until = slot + shares[i].slots;
    for (; slot < until && slot + 1 < answered.size(); ++slot) shared[i].push_back(std::move(answered[slot]));
    if (slot < until) shared[i].push_back(answered.back());
    slot = until;
  }
  return shared;
}

NextJob read_taken(Reply answer, StoredJobOptions* known) {
  if (!is_taken(answer)) {
    std::string trouble;
    if (answer.is_array() && answer.elements.size() == 5) {
      trouble = expect_text(std::move(answer.elements[4]), kFinish);
      answer.elements.pop_back();
    }
    NextJob next = decode_next_job(std::move(answer), known);
    next.trouble = std::move(trouble);
    return next;
  }
  NextJob next;
  std::vector<Reply>& parts = answer.elements;
  if (parts.size() == 3) next.trouble = expect_text(std::move(parts[2]), kFinish);
  next.record =
      decode_job(expect_id(std::move(parts[1]), kFinish), expect_fields(std::move(parts[0]), kFinish), known);
  next.has_job = true;
  return next;
}

std::vector<AddedJob> read_added(Reply reply, std::size_t count) {
  const std::string shape =
      "{number of the first, then place and result of those that were not simply added}";
  if (!reply.is_array() || reply.elements.size() % 2 == 0 || reply.elements.size() > 1 + 2 * count)
    unexpected_reply(kAdd, shape, reply);
  std::vector<Reply>& parts = reply.elements;
  if (!parts[0].is_integer() || bounded_number(parts[0]) != parts[0].integer)
    unexpected_reply(kAdd, "the number of a job", parts[0]);
  std::vector<AddedJob> added(count);
  for (std::size_t i = 0; i < count; ++i) added[i].number = parts[0].integer + static_cast<std::int64_t>(i);
  for (std::size_t at = 1; at < parts.size(); at += 2) {
    const std::int64_t place = parts[at].is_integer() ? parts[at].integer : 0;
    if (place < 1 || static_cast<std::uint64_t>(place) > count) unexpected_reply(kAdd, "a place", parts[at]);
    AddedJob& job = added[static_cast<std::size_t>(place - 1)];
    Reply& result = parts[at + 1];
    if (result.is_error()) {
      job.error = std::move(result.text);
    } else if (result.is_integer() && result.integer == 0) {
      job.duplicate = true;
    } else {
      unexpected_reply(kAdd, "0 or an error", result);
    }
  }
  return added;
}

}  // namespace bullmq::detail
