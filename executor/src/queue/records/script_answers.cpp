#include "queue/records/script_answers.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "shunt/base/json.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using bullmq::RedisReply;

constexpr std::string_view kBroken = "broken";

std::string_view name_of(RedisReply::Type type) {
  switch (type) {
    case RedisReply::Type::nil:
      return "nothing";
    case RedisReply::Type::integer:
      return "a number";
    case RedisReply::Type::string:
    case RedisReply::Type::status:
      return "a text";
    case RedisReply::Type::error:
      return "an error";
    case RedisReply::Type::array:
      return "a list";
  }
  return "something else";
}

// The first word of an answer that is a list, and whether so many values follow it.
class Words {
 public:
  explicit Words(const RedisReply& reply) : reply_(reply) {}

  [[nodiscard]] bool are(std::string_view word, std::size_t values) const {
    const auto& elements = reply_.elements;
    return reply_.is_array() && elements.size() == values + 1 && elements[0].is_text() &&
           elements[0].text == word;
  }
  [[nodiscard]] std::optional<std::string> text(std::size_t at) const {
    const RedisReply& value = reply_.elements[at];
    return value.is_text() ? std::optional(value.text) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint64_t> number(std::size_t at) const {
    return whole_number(reply_.elements[at]);
  }
  [[nodiscard]] std::optional<GenerationId> id(std::size_t at) const {
    return GenerationId::parse(reply_.elements[at].text);
  }

 private:
  const RedisReply& reply_;
};

Error broken_answer(std::string_view script) {
  return broken_record("a key of the generation", "it has another type or other members than Shunt writes (" +
                                                      std::string(script) + ')');
}

}  // namespace

Error unexpected_answer(std::string_view script, const RedisReply& got) {
  Error error{error_code::kQueueUnavailable,
              "Redis answered the script " + std::string(script) +
                  " with something else than it returns: " + std::string(name_of(got.type)),
              Retryable::kYes};
  if (got.is_array()) error.message += " of " + std::to_string(got.elements.size());
  return error;
}

Error broken_record(std::string_view what, std::string_view why) {
  // What is told of a foreign text is bounded, and can be written as JSON.
  constexpr std::size_t kMostTold = 300;
  return {error_code::kBrokenRecord,
          std::string(what) + " cannot be read: " + to_valid_utf8(why.substr(0, kMostTold))};
}

std::optional<std::uint64_t> whole_number(const RedisReply& reply) {
  constexpr std::int64_t kMost = kMaxSafeInteger;
  if (reply.is_integer()) {
    if (reply.integer < 0 || reply.integer > kMost) return std::nullopt;
    return static_cast<std::uint64_t>(reply.integer);
  }
  if (!reply.is_text()) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = reply.text.data() + reply.text.size();
  const auto parsed = std::from_chars(reply.text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value > std::uint64_t{kMost}) return std::nullopt;
  return value;
}

Result<AdmitAnswer> decode_admit(const RedisReply& reply) {
  const Words words(reply);
  if (words.are("admitted", 0)) return AdmitAnswer(Admitted{});
  if (words.are("no_worker", 0)) return AdmitAnswer(NoWorkerThere{});
  if (words.are("claims_full", 0)) return AdmitAnswer(ClaimsFull{});
  if (words.are("held", 2)) {
    const auto holder = words.id(1);
    if (!holder) return broken_record("the claim of the Idempotency-Key", "it names no generation");
    return AdmitAnswer(KeyHeld{*holder, words.text(2) == "lost"});
  }
  if (words.are("conflict", 1)) {
    const auto holder = words.id(1);
    if (!holder) return broken_record("the claim of the Idempotency-Key", "it names no generation");
    return AdmitAnswer(KeyConflict{*holder});
  }
  if (words.are("busy", 2)) {
    if (const auto slots = words.number(2)) return AdmitAnswer(ModelBusy{static_cast<std::int64_t>(*slots)});
  }
  if (words.are("too_many_open", 1)) {
    if (const auto limit = words.number(1))
      return AdmitAnswer(TooManyOpen{static_cast<std::int64_t>(*limit)});
  }
  if (words.are(kBroken, 0)) return broken_answer("admit");
  return unexpected_answer("admit", reply);
}

Result<BeginAnswer> decode_begin(const RedisReply& reply) {
  const Words words(reply);
  if (words.are("ended", 1)) {
    const auto state = words.text(1);
    if (state) return BeginAnswer(BeginEnded{std::string(*state)});
  }
  if (words.are("not_yours", 0)) return BeginAnswer(BeginNotYours{});
  if (words.are("head", 0)) return BeginAnswer(BeginWantsHead{});
  if (words.are("run", 2)) {
    const auto attempt = words.number(1);
    const auto sequence = words.number(2);
    if (attempt && sequence && *attempt > 0 && *sequence > 0)
      return BeginAnswer(BeginRun{*attempt, *sequence});
  }
  if (words.are("lost", 2)) {
    const auto attempt = words.number(1);
    const auto sequence = words.number(2);
    if (attempt && sequence && *attempt > 0 && *sequence > 0)
      return BeginAnswer(BeginLost{*attempt, *sequence});
  }
  if (words.are("cancelled", 3)) {
    const auto attempt = words.number(1);
    const auto sequence = words.number(2);
    const auto reason = words.text(3);
    if (attempt && sequence && reason && *attempt > 0 && *sequence > 0)
      return BeginAnswer(BeginCancelled{*attempt, *sequence, to_valid_utf8(*reason)});
  }
  if (words.are(kBroken, 0)) return broken_answer("begin");
  return unexpected_answer("begin", reply);
}

// What is none of the script's answers is asked again, as while the bytes are being removed.
ReserveAnswer decode_reserve(const RedisReply& reply) {
  if (!reply.is_integer()) return ReserveAnswer::kBeingRemoved;
  if (reply.integer == 1) return ReserveAnswer::kReserved;
  return reply.integer == -1 ? ReserveAnswer::kFenced : ReserveAnswer::kBeingRemoved;
}

AppendAnswer decode_append(const RedisReply& reply) {
  constexpr std::string_view kCancel = "cancel:";
  if (!reply.is_text()) return AppendRefused{};
  if (reply.text == "ok") return Appended{};
  if (reply.text.starts_with(kCancel)) return Appended{to_valid_utf8(reply.text.substr(kCancel.size()))};
  return AppendRefused{};
}

Result<CancelAnswer> decode_cancel(const RedisReply& reply) {
  const Words words(reply);
  if (words.are("ended", 0)) return CancelAnswer(CancelNothing{});
  if (words.are("unknown", 0)) return CancelAnswer(CancelUnknown{});
  if (words.are("running", 1)) return CancelAnswer(CancelRunning{});
  if (words.are("waiting", 2)) {
    const auto sequence = words.number(1);
    const auto attempt = words.number(2);
    if (sequence && attempt) return CancelAnswer(CancelWaiting{*sequence, *attempt});
  }
  if (words.are(kBroken, 0)) return broken_answer("cancel");
  return unexpected_answer("cancel", reply);
}

Result<DeleteAnswer> decode_delete(const RedisReply& reply) {
  const Words words(reply);
  if (words.are("gone", 0)) return DeleteAnswer(DeleteGone{});
  if (words.are("unknown", 0)) return DeleteAnswer(DeleteUnknown{});
  if (words.are("open", 0)) return DeleteAnswer(DeleteOpen{});
  if (words.are("held", 0)) return DeleteAnswer(DeleteHeld{});
  if (words.are("job", 1)) return DeleteAnswer(DeleteJobThere{});
  if (words.are("ended", 1)) {
    if (auto queue = words.text(1)) return DeleteAnswer(DeleteEnded{std::move(*queue)});
  }
  if (words.are(kBroken, 0)) return broken_answer("delete");
  return unexpected_answer("delete", reply);
}

Result<bool> decode_was_of(const RedisReply& reply) {
  const auto answer = whole_number(reply);
  if (!answer) return unexpected_answer("was_of", reply);
  return *answer == 1;
}

Result<RequestAnswer> decode_request(const RedisReply& reply) {
  if (reply.is_text() && reply.text == "gone") return RequestAnswer(RequestGone{});
  if (reply.is_text() && reply.text == "unknown") return RequestAnswer(RequestUnknown{});
  if (reply.is_text() && reply.text == kBroken) return broken_answer("request");
  if (reply.is_array() && reply.elements.size() == 1 && reply.elements[0].is_text())
    return RequestAnswer(RequestText{reply.elements[0].text});
  return unexpected_answer("request", reply);
}

Result<ListAnswer> decode_list(const RedisReply& reply) {
  if (!reply.is_array() || reply.elements.size() != 3 || !reply.elements[0].is_text() ||
      !reply.elements[1].is_text()) {
    return unexpected_answer("list", reply);
  }
  auto ids = decode_texts("list", reply.elements[2]);
  if (!ids) return std::move(ids).error();
  return ListAnswer{reply.elements[0].text, reply.elements[1].text == "adopt", std::move(*ids)};
}

Result<AdoptAnswer> decode_adopt(const RedisReply& reply) {
  if (!reply.is_array() || reply.elements.size() != 2 || !reply.elements[0].is_integer() ||
      !reply.elements[1].is_text()) {
    return unexpected_answer("adopt", reply);
  }
  return AdoptAnswer{reply.elements[1].text == "more"};
}

Result<StraysAnswer> decode_strays(const RedisReply& reply) {
  if (!reply.is_array() || reply.elements.size() != 2 || !reply.elements[0].is_text())
    return unexpected_answer("strays", reply);
  auto ids = decode_texts("strays", reply.elements[1]);
  if (!ids) return std::move(ids).error();
  return StraysAnswer{reply.elements[0].text == "more", std::move(*ids)};
}

Result<ReleaseAnswer> decode_release(const RedisReply& reply) {
  if (!reply.is_array() || reply.elements.size() != 2 || !reply.elements[0].is_text() ||
      !whole_number(reply.elements[0])) {
    return unexpected_answer("release", reply);
  }
  auto digests = decode_texts("release", reply.elements[1]);
  if (!digests) return std::move(digests).error();
  return ReleaseAnswer{reply.elements[0].text, std::move(*digests)};
}

std::string decode_position(const RedisReply& reply) {
  return reply.is_text() && whole_number(reply) ? reply.text : std::string(kScanEnd);
}

std::vector<std::string> texts_of(const RedisReply& reply) {
  std::vector<std::string> texts;
  for (const RedisReply& element : reply.elements) {
    if (element.is_text()) texts.push_back(element.text);
  }
  return texts;
}

Result<std::vector<std::string>> decode_texts(std::string_view script, const RedisReply& reply) {
  if (!reply.is_array()) return unexpected_answer(script, reply);
  std::vector<std::string> texts;
  texts.reserve(reply.elements.size());
  for (const RedisReply& element : reply.elements) {
    if (!element.is_text()) return unexpected_answer(script, element);
    texts.push_back(element.text);
  }
  return texts;
}

}  // namespace shunt::executor
