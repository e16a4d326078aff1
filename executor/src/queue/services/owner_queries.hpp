#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "queue/runtime/async_condition.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Asks the owners of sync generations to put what they have into the records. One thread: the loop's.
class OwnerQueries {
 public:
  explicit OwnerQueries(QueueContext& context) : context_(context), answered_(context.loop) {}

  enum class Outcome {
    kDone,    // the record has it
    kAbsent,  // the owner does not have the generation any more
    kFailed,  // the owner could not store it
    kGone,    // the owner's lease is over
    kSilent,  // no answer within QueueOptions::command_timeout
  };
  // Throws bullmq::Error.
  bullmq::awaitable<Outcome> ask(std::string owner, std::string id, OwnerRequest what);
  // An owner's answer has come. What nobody waits for is nothing.
  void answered(const std::string& id, const OwnerAnswered& answer);

 private:
  struct Question {
    OwnerRequest what;
    std::optional<OwnerAnswer> answer{};
  };
  using Questions = std::unordered_multimap<std::string, std::shared_ptr<Question>>;

  QueueContext& context_;
  Questions open_;
  AsyncCondition answered_;
};

}  // namespace shunt::executor
