#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "dialects/dialect.hpp"
#include "dialects/replicate/prediction_object.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/log_tail.hpp"

namespace shunt::api::dialects::replicate {

// So much of what a program logs is in answers, the last lines of it.
inline constexpr std::size_t kMaxLogBytes = 64UL * 1024;

// A generation as a prediction.
class PredictionRendering final : public Rendering {
 public:
  enum class Answers {
    kAtOnce,  // to a POST that does not wait
    kWait,    // to one that does
    kShow,    // to a GET
  };
  PredictionRendering(Links links, std::string version, Answers answers)
      : links_(std::move(links)), version_(std::move(version)), answers_(answers) {}

  void answer(http::Response& response, const GenerationRecord& record,
              std::span<const Bytes> artifacts) override;
  [[nodiscard]] bool answer_pending(http::Response& response, const GenerationRecord& record) override;
  [[nodiscard]] bool answer_failed(http::Response& response, const GenerationRecord& record) override;
  [[nodiscard]] bool wants_request() const override { return true; }
  void take_request(GenerationRequest request) override { request_ = std::move(request); }
  [[nodiscard]] bool wants_events() const override { return answers_ != Answers::kAtOnce; }
  void take_event(const GenerationEvent& event) override { logs_.take(event); }
  void append_event(std::string&, const GenerationEvent&) override {}

 private:
  void write(http::Response& response, int status, const GenerationRecord& record) const;

  const Links links_;
  const std::string version_;
  const Answers answers_;
  std::optional<GenerationRequest> request_;
  LogTail logs_{kMaxLogBytes};
};

// Its output as server-sent events: output, error, done. Events whose number the client has are left out.
class StreamRendering final : public Rendering {
 public:
  StreamRendering(Links links, GenerationId id, std::uint64_t after)
      : links_(std::move(links)), id_(id), after_(after) {}

  void answer(http::Response&, const GenerationRecord&, std::span<const Bytes>) override {}
  void append_event(std::string& out, const GenerationEvent& event) override;
  void append_cut(std::string& out, const Error& why) override;

 private:
  void append_payload(std::string& out, const GenerationEvent& event);
  void append_end(std::string& out, std::uint64_t sequence, std::string_view reason) const;

  const Links links_;
  const GenerationId id_;
  const std::uint64_t after_;
  bool said_ = false;  // something was output
  bool over_ = false;  // `done` has been told
};

}  // namespace shunt::api::dialects::replicate
