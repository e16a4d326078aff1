#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/records/generation_keys.hpp"
#include "queue/records/generation_records.hpp"
#include "queue/records/notification_records.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::executor {

// What the owner of a sync generation tells of it (register.lua).
struct Registration {
  std::string id;
  std::string model;
  std::string caller;
  WallTime created_at{};
  std::chrono::milliseconds ttl{0};  // of its record, from now on
  std::string head;                  // of its envelope; "" = it is entered already
  // Its envelope, where that is to be in the record, and its owner appends its log from the beginning; "" =
  // its owner keeps both.
  std::string request{};

  struct Claim {
    std::string name;
    std::string fingerprint;
    bool must_be_won = false;  // else nothing is entered
  };
  std::optional<Claim> claim{};

  // How it ended.
  struct End {
    std::string state;
    std::uint64_t sequence = 0;  // of its last event
    // Its log from the second event on; "" = that is long, and its owner keeps it. Then `last` is the last
    // event alone, without a result.
    std::string events;
    std::string last;
  };
  std::optional<End> end{};
};

struct Registered {
  // Its claim, which need not be won, is this generation's.
  std::optional<GenerationId> double_of{};
};
// Another process had ended it; nothing was changed.
struct RegisteredEnded {
  std::string state;
};
struct RegistrationUnknown {};  // it is not entered, and there was no head
using RegisterAnswer =
    std::variant<Registered, RegisteredEnded, RegistrationUnknown, KeyHeld, KeyConflict, ClaimsFull>;
// register.lua's answer about one generation. Fails as decode_admit does. Pure.
[[nodiscard]] Result<RegisterAnswer> decode_register(const bullmq::RedisReply& reply);

// What an owner tells somebody who asked (answer_asker.lua).
struct AskerAnswer {
  std::string id;
  std::string asker;
  OwnerAnswered answered{};
  std::string request{};  // is kept with the record; "" = as it is
  bool log_here = false;  // the log is in the record from now on
  // With the log of one that has ended and was held: the number of its last event, and all from the second
  // on.
  std::uint64_t sequence = 0;
  std::string events{};
};

// All that is known in Redis of sync generations beyond GenerationRecords, whose rules are the same here.
// This process is the owner of what it registers. Copies share the connection. One thread: the connection's.
class SyncRecords {
 public:
  SyncRecords(bullmq::Redis redis, const GenerationRecordsOptions& options);

  // At most kMostRegistrations in one call, which may be repeated. One answer for each.
  static constexpr std::size_t kMostRegistrations = 200;
  awaitable<std::vector<Result<RegisterAnswer>>> enter(std::vector<Registration> registrations,
                                                       std::chrono::milliseconds lease);
  // Takes a registration back. No effect once it has ended.
  awaitable<void> withdraw(std::string id, std::string claim);

  // False: the owner is gone, and was not asked.
  awaitable<bool> ask(std::string owner, std::string id, OwnerRequest what);
  awaitable<void> answer(AskerAnswer answer);

  // Renews this process's lease, where it owns generations. Returns others whose leases are over.
  enum class Owns { kNothing, kGenerations };
  awaitable<std::vector<std::string>> renew_lease(Owns owns, std::chrono::milliseconds lease);
  // The oldest open generations of an owner.
  awaitable<std::vector<std::string>> open_of(std::string owner, std::size_t count);
  // These of an owner are not open any more; without any left, it is forgotten.
  awaitable<void> close(std::string owner, std::vector<std::string> ids);
  // This process owns nothing any more. What it leaves open is ended by others.
  awaitable<void> leave();

 private:
  awaitable<bullmq::RedisReply> run(const bullmq::RedisScript& script, std::vector<std::string> arguments);

  bullmq::Redis redis_;
  GenerationRecordsOptions options_;
  GenerationKeys keys_;
};

}  // namespace shunt::executor
