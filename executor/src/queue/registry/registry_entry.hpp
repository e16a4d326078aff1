#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "queue/records/sync_records.hpp"
#include "queue/registry/owner_log.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/generation.hpp"

namespace shunt::executor {

// A sync generation of this process on its way into Redis, until that has its end.
struct RegistryEntry {
  GenerationId id{};
  std::string model;  // "" = this and the rest of the group is to be made from the generation
  std::string caller;
  WallTime created_at{};
  std::chrono::milliseconds timeout{0};
  std::string head;     // of its envelope
  std::string request;  // its envelope, where that goes into the record
  std::optional<Registration::Claim> claim;
  bool log_follows = false;
  // nullptr: it waits for its claim or its registration, and has not been placed.
  std::shared_ptr<Generation> generation;
  std::shared_ptr<OwnerLog> log;  // where the log goes into the record

  bool sent = false;                               // a call has told of it: the record may be there
  bool entered = false;                            // the record is there, as far as is known
  bool ended = false;                              // the generation has ended
  bool told = false;                               // there is nothing more to tell Redis
  bool withdrawn = false;                          // it was refused after all
  bool waiting = false;                            // for the next call
  bool local = false;                              // it was counted as one that only this process knows of
  std::optional<Result<RegisterAnswer>> answer{};  // of the last call, for who waits for it
};

enum class RegistryStep { kNone, kEnter, kTellEnd };
// What Redis has to be told next. Pure.
[[nodiscard]] RegistryStep next_step(const RegistryEntry& entry);

// What has come out of a call.
enum class RegistryFinding {
  kNothing,
  kDouble,     // its claim is another generation's, and it runs all the same
  kRefused,    // its claim is another generation's, or cannot be had: it was not entered
  kOvertaken,  // somebody else has ended it
  kBroken,     // the record, or another key of it, is not as ours are
};
// `told_end`: the call told the end. Pure but for the entry.
RegistryFinding apply_answer(RegistryEntry& entry, bool told_end, const Result<RegisterAnswer>& answer);

// What register.lua is given for a step that is not kNone. Fills in what is to be made from the generation.
[[nodiscard]] Registration make_registration(RegistryEntry& entry, RegistryStep step,
                                             std::chrono::milliseconds retention);

}  // namespace shunt::executor
