#include "dialects/openai/responses/response_rendering.hpp"

#include <optional>
#include <utility>

#include "dialects/openai/generated.hpp"
#include "dialects/openai/responses/response_events.hpp"
#include "dialects/openai/responses/response_object.hpp"
#include "shunt/http/sse_writer.hpp"

namespace shunt::api::dialects::openai {
namespace {

class ResponseRendering : public Rendering {
 public:
  // `tells_all`: one that has failed, or has not ended, is answered as it stands. Otherwise that is an error.
  ResponseRendering(ResponseFacts facts, std::uint64_t skip, bool tells_all)
      : facts_(std::move(facts)), skip_(skip), tells_all_(tells_all) {}

  void begin(http::Response& response, const GenerationId& id) override {
    forbid_retry(response);
    events_.emplace(id, facts_, skip_);
  }

  void answer(http::Response& response, const GenerationRecord& record,
              std::span<const Bytes> artifacts) override {
    (void)artifacts;
    tell(response, record);
  }

  bool answer_pending(http::Response& response, const GenerationRecord& record) override {
    if (tells_all_) tell(response, record);
    return tells_all_;
  }

  bool answer_failed(http::Response& response, const GenerationRecord& record) override {
    if (tells_all_) tell(response, record);
    return tells_all_;
  }

  void append_event(std::string& out, const GenerationEvent& event) override {
    if (events_) events_->append(out, event);
  }

  // An event would have a sequence number that another one gets when the stream is read again.
  void append_cut(std::string& out, const Error& why) override {
    http::append_sse_comment(out, why.message + "; go on with starting_after");
  }

 private:
  void tell(http::Response& response, const GenerationRecord& record) {
    response.replace_body(200, "application/json");
    append_response(response.body, facts_, record);
  }

  const ResponseFacts facts_;
  const std::uint64_t skip_;
  const bool tells_all_;
  std::optional<ResponseEvents> events_;
};

}  // namespace

std::unique_ptr<Rendering> make_created_rendering(ResponseFacts facts) {
  const bool background = facts.background;
  return std::make_unique<ResponseRendering>(std::move(facts), 0, background);
}

std::unique_ptr<Rendering> make_shown_rendering(ResponseFacts facts, std::uint64_t skip) {
  return std::make_unique<ResponseRendering>(std::move(facts), skip, true);
}

}  // namespace shunt::api::dialects::openai
