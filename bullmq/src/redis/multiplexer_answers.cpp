// What an answer means: the end of a command, or that it was not executed, and where or how it can be.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "bullmq/error.hpp"
#include "redis/endpoint.hpp"
#include "redis/multiplexer.hpp"

namespace bullmq::detail {
namespace {

// A slot moves to one node. A server that names ever others gets no connection to each.
constexpr std::size_t kMostAsked = 16;
// A script that is forgotten as soon as it is loaded, again and again, is not our business any more.
constexpr unsigned kMaxUnknownScript = 100;

// The server has become a replica. Redis before 7 wraps what a script was told into an error of its own; a
// blocked read is ended with UNBLOCKED (CLIENT UNBLOCK says that too, with other words).
bool is_no_primary(std::string_view error) {
  return error.starts_with("READONLY ") ||
         (error.starts_with("ERR Error running script") && error.find(": -READONLY ") != error.npos) ||
         (error.starts_with("UNBLOCKED ") && error.find("instance state changed") != error.npos);
}

bool is_try_again(std::string_view error) {
  return error.starts_with("TRYAGAIN") || error.starts_with("CLUSTERDOWN");
}

// In the result of a transaction: why its calls were not executed, if that can be mended. Whatever is said of
// one is true of all (see Transaction).
const std::string* refusal_within(const Reply& reply) {
  for (const Reply& element : reply.elements) {
    if (!element.is_error()) continue;
    const auto word = element.error_word();
    if (word == "NOSCRIPT" || word == "READONLY") return &element.text;
  }
  return nullptr;
}

// What Redis said, where it is Redis that refused; "" for any other failure, and for none.
std::string refusal_of(const std::exception_ptr& failure) {
  if (!failure) return {};
  try {
    std::rethrow_exception(failure);
  } catch (const RedisError& error) {
    return error.what();
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace

AnswerMeaning Multiplexer::on_answer(Reply reply, const std::string& connected_host) {
  if (sent_.empty()) return NobodyAsked{};
  Pending& front = sent_.front();
  if (--front.replies_left > 0) {
    if (reply.is_error() && front.first_error.empty()) front.first_error = std::move(reply.text);
    return PartOfAnswer{};
  }
  // EXECABORT only says that the transaction was refused; the error before it says why.
  const bool is_failed = reply.is_error();
  if (is_failed && !front.first_error.empty()) reply.text = std::move(front.first_error);
  const std::string* refusal = is_failed ? &reply.text : nullptr;
  if (!is_failed && front.command.replies > 1) refusal = refusal_within(reply);
  if (refusal != nullptr) {
    if (auto mended = mend(front, *refusal, connected_host)) return std::move(*mended);
  }
  unlink(front);
  front.deadline_hook.unlink();
  Answered answered{{std::unique_ptr<Pending>(&front), nullptr, {}}};
  if (is_failed) {
    answered.completion.failure = std::make_exception_ptr(RedisError(reply.text));
  } else {
    answered.completion.reply = std::move(reply);
  }
  return answered;
}

// Nothing: it is a plain error.
std::optional<AnswerMeaning> Multiplexer::mend(Pending& pending, const std::string& error,
                                               const std::string& connected_host) {
  if (error.starts_with("NOSCRIPT") && pending.command.script != nullptr) {
    if (!mend_unknown_script(pending)) return std::nullopt;
    return SentAgain{};
  }
  if (!options_.allow_replica && is_no_primary(error)) {
    // The next handshake finds the new primary.
    send_again(pending);
    return WrongServer{};
  }
  if (node_ != Node::of_cluster) return std::nullopt;
  if (is_try_again(error)) {
    return TryAgainLater{pause(pending)};
  }
  auto redirect = parse_redirect(error, connected_host);
  if (!redirect) return std::nullopt;
  if (!redirect->ask) {
    send_again(pending);
    return WrongServer{std::move(redirect->address)};
  }
  const std::string other = to_string(redirect->address);
  if (asked_.size() >= kMostAsked && !asked_.contains(other)) return std::nullopt;
  asked_.insert(other);
  unlink(pending);
  pending.state = Pending::State::elsewhere;
  elsewhere_.push_back(pending);
  return AskAnother{std::move(redirect->address), pending.sequence};
}

// The first of those that Redis did not know goes again as text, and the others after it as SHA-1.
bool Multiplexer::mend_unknown_script(Pending& pending) {
  if (++pending.unknown_script > kMaxUnknownScript) return false;
  const auto text = texts_sent_.find(pending.command.script);
  if (text != texts_sent_.end() && text->second <= pending.sent_as) texts_sent_.erase(text);
  send_again(pending);
  return true;
}

bool Multiplexer::pause(Pending& pending) {
  unlink(pending);
  pending.state = Pending::State::paused;
  paused_.push_back(pending);
  return paused_.size() == 1;
}

void Multiplexer::resume_paused() {
  while (!paused_.empty()) send_again(paused_.front());
}

Command Multiplexer::asking(std::uint64_t sequence, Instant now) const {
  Command command;
  for (const Pending& pending : elsewhere_) {
    if (pending.sequence != sequence) continue;
    command.bytes = make_command("ASKING").bytes;
    command.bytes +=
        pending.command.script != nullptr ? with_script_text(pending.command) : pending.command.bytes;
    command.replies = pending.command.replies + 1;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(pending.deadline - now);
    command.timeout = std::max(left, std::chrono::milliseconds(1));
  }
  return command;
}

Multiplexer::BackFromElsewhere Multiplexer::on_answer_elsewhere(std::uint64_t sequence,
                                                                std::exception_ptr failure, Reply reply) {
  BackFromElsewhere back;
  const auto found = std::find_if(elsewhere_.begin(), elsewhere_.end(),
                                  [&](const Pending& pending) { return pending.sequence == sequence; });
  // Cancelled, or its deadline has passed.
  if (found == elsewhere_.end()) return back;
  Pending& pending = *found;
  const std::string refusal = refusal_of(failure);
  // The other node has not got all of its keys yet, or not any more.
  if (is_try_again(refusal) || refusal.starts_with("MOVED ") || refusal.starts_with("ASK ")) {
    back.start_pause = pause(pending);
    return back;
  }
  back.completion = Completion{take(pending), std::move(failure), std::move(reply)};
  return back;
}

}  // namespace bullmq::detail
