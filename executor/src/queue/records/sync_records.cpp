#include "queue/records/sync_records.hpp"

#include <utility>

#include "bullmq/error.hpp"
#include "queue/records/generation_scripts.hpp"

namespace shunt::executor {
namespace {

// As of GenerationRecords.
constexpr const char* kStreamTtlMs = "60000";
// Owners that are told of in one call.
constexpr const char* kMostOwners = "20";

std::string ms(std::chrono::milliseconds duration) {
  return std::to_string(duration.count());
}

std::string ms(WallTime time) {
  return std::to_string(time.time_since_epoch().count());
}

// What register.lua is told of it, in the script's words.
std::string letters_of(const Registration& registration) {
  std::string letters;
  if (!registration.head.empty()) letters += 'e';
  if (registration.claim) letters += 'c';
  if (!registration.request.empty()) letters += 'k';
  if (registration.end) letters += registration.end->events.empty() ? 'l' : 's';
  return letters;
}

void append(std::vector<std::string>& arguments, Registration registration, const GenerationKeys& keys) {
  arguments.push_back(std::move(registration.id));
  arguments.push_back(ms(registration.ttl));
  arguments.push_back(letters_of(registration));
  if (!registration.head.empty()) {
    arguments.push_back(keys.queue(registration.model));
    arguments.push_back(std::move(registration.model));
    arguments.push_back(std::move(registration.caller));
    arguments.push_back(ms(registration.created_at));
    arguments.push_back(std::move(registration.head));
  }
  if (registration.claim) {
    arguments.push_back(std::move(registration.claim->name));
    arguments.push_back(std::move(registration.claim->fingerprint));
    arguments.emplace_back(registration.claim->must_be_won ? "1" : "");
  }
  if (!registration.request.empty()) arguments.push_back(std::move(registration.request));
  if (registration.end) {
    Registration::End& end = *registration.end;
    arguments.push_back(std::move(end.state));
    arguments.push_back(std::to_string(end.sequence));
    arguments.push_back(end.events.empty() ? std::move(end.last) : std::move(end.events));
  }
}

bool is_word(const bullmq::RedisReply& reply, std::string_view word, std::size_t values) {
  const auto& elements = reply.elements;
  return reply.is_array() && elements.size() == values + 1 && elements[0].is_text() &&
         elements[0].text == word;
}

}  // namespace

Result<RegisterAnswer> decode_register(const bullmq::RedisReply& reply) {
  if (reply.is_text() && reply.text == "entered") return RegisterAnswer(Registered{});
  if (is_word(reply, "unknown", 0)) return RegisterAnswer(RegistrationUnknown{});
  if (is_word(reply, "ended", 1) && reply.elements[1].is_text())
    return RegisterAnswer(RegisteredEnded{reply.elements[1].text});
  if (is_word(reply, "double", 1)) {
    const auto holder = GenerationId::parse(reply.elements[1].text);
    if (!holder) return broken_record("the claim of the Idempotency-Key", "it names no generation");
    return RegisterAnswer(Registered{holder});
  }
  // The rest is as admit.lua answers.
  auto admission = decode_admit(reply);
  if (!admission) return std::move(admission).error();
  if (const auto* held = std::get_if<KeyHeld>(&*admission)) return RegisterAnswer(*held);
  if (const auto* conflict = std::get_if<KeyConflict>(&*admission)) return RegisterAnswer(*conflict);
  if (std::holds_alternative<ClaimsFull>(*admission)) return RegisterAnswer(ClaimsFull{});
  return unexpected_answer("register", reply);
}

SyncRecords::SyncRecords(bullmq::Redis redis, const GenerationRecordsOptions& options)
    : redis_(std::move(redis)), options_(options), keys_(options.queue.prefix) {}

// Every one of these scripts changes nothing when it comes again.
awaitable<bullmq::RedisReply> SyncRecords::run(const bullmq::RedisScript& script,
                                               std::vector<std::string> arguments) {
  std::vector<std::string> script_keys = keys_.of_scripts();
  bullmq::CommandOptions options;
  options.idempotent = true;
  bullmq::RedisReply reply =
      co_await redis_.run(script, std::move(script_keys), std::move(arguments), options);
  co_return reply;
}

awaitable<std::vector<Result<RegisterAnswer>>> SyncRecords::enter(std::vector<Registration> registrations,
                                                                  std::chrono::milliseconds lease) {
  std::vector<std::string> arguments{ms(options_.clock->now()),
                                     ms(options_.queue.claim_age),
                                     ms(options_.queue.min_claim_age),
                                     std::to_string(options_.queue.max_claims),
                                     options_.process,
                                     ms(lease)};
  const std::size_t asked = registrations.size();
  constexpr std::size_t kUsualArguments = 11;
  arguments.reserve(arguments.size() + kUsualArguments * asked);
  for (Registration& registration : registrations) append(arguments, std::move(registration), keys_);
  const bullmq::RedisReply reply = co_await run(scripts::register_sync(), std::move(arguments));
  if (reply.elements.size() != asked) {
    throw bullmq::RedisError("script register answered " + std::to_string(reply.elements.size()) +
                             " items instead of " + std::to_string(asked));
  }
  std::vector<Result<RegisterAnswer>> answers;
  answers.reserve(asked);
  for (const bullmq::RedisReply& element : reply.elements) answers.push_back(decode_register(element));
  co_return answers;
}

awaitable<void> SyncRecords::withdraw(std::string id, std::string claim) {
  std::vector<std::string> arguments{options_.process, std::move(id), std::move(claim)};
  (void)co_await run(scripts::unregister(), std::move(arguments));
}

awaitable<bool> SyncRecords::ask(std::string owner, std::string id, OwnerRequest what) {
  std::vector<std::string> arguments{std::move(owner), std::move(id),
                                     encode_owner_asked(what, options_.process),
                                     std::to_string(options_.queue.max_inbox_entries), kStreamTtlMs};
  const bullmq::RedisReply reply = co_await run(scripts::ask_owner(), std::move(arguments));
  if (is_word(reply, "asked", 0)) co_return true;
  if (is_word(reply, "gone", 0)) co_return false;
  throw bullmq::RedisError(unexpected_answer("ask_owner", reply).message);
}

awaitable<void> SyncRecords::answer(AskerAnswer answer) {
  std::vector<std::string> arguments{options_.process,
                                     std::move(answer.id),
                                     std::move(answer.asker),
                                     encode_owner_answered(answer.answered),
                                     std::move(answer.request),
                                     answer.log_here ? "1" : "",
                                     std::to_string(answer.sequence),
                                     std::move(answer.events),
                                     std::to_string(options_.queue.max_inbox_entries),
                                     kStreamTtlMs};
  (void)co_await run(scripts::answer_asker(), std::move(arguments));
}

awaitable<std::vector<std::string>> SyncRecords::renew_lease(Owns owns, std::chrono::milliseconds lease) {
  std::vector<std::string> arguments{owns == Owns::kGenerations ? options_.process : std::string(), ms(lease),
                                     kMostOwners};
  const bullmq::RedisReply reply = co_await run(scripts::owners(), std::move(arguments));
  co_return value_or_throw(decode_texts("owners", reply));
}

awaitable<std::vector<std::string>> SyncRecords::open_of(std::string owner, std::size_t count) {
  std::vector<std::string> command{"ZRANGE", keys_.open_of_owner(owner), "0", std::to_string(count - 1)};
  bullmq::CommandOptions options;
  options.idempotent = true;
  const bullmq::RedisReply reply = co_await redis_.execute(std::move(command), options);
  co_return texts_of(reply);
}

awaitable<void> SyncRecords::close(std::string owner, std::vector<std::string> ids) {
  std::vector<std::string> arguments{std::move(owner), ""};
  for (std::string& id : ids) arguments.push_back(std::move(id));
  (void)co_await run(scripts::dismiss_owner(), std::move(arguments));
}

awaitable<void> SyncRecords::leave() {
  std::vector<std::string> arguments{options_.process, "1"};
  (void)co_await run(scripts::dismiss_owner(), std::move(arguments));
}

}  // namespace shunt::executor
