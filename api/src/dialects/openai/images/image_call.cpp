#include "dialects/openai/images/image_call.hpp"

#include <utility>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/generated.hpp"
#include "dialects/openai/openai_error.hpp"
#include "shunt/base/base64.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::openai {
namespace {

class ImageRendering final : public Rendering {
 public:
  void begin(http::Response& response, const GenerationId& id) override {
    forbid_retry(response);
    created_ = created_seconds(id);
  }
  [[nodiscard]] bool wants_artifacts() const override { return true; }

  void answer(http::Response& response, const GenerationRecord& record,
              std::span<const Bytes> artifacts) override {
    if (artifacts.empty())
      return write_error(response, {error_code::kInvalidOutput, "the model made no image"});
    response.set_json(200);
    JsonObjectWriter object(response.body);
    object.number("created", created_);
    std::string& out = object.begin("data");
    out += '[';
    for (std::size_t i = 0; i < artifacts.size(); ++i) {
      if (i > 0) out += ',';
      append_image(out, *artifacts[i], record.result, i);
    }
    out += ']';
    if (const JsonObject* const usage = object_in(record.result, "usage")) object.json("usage", *usage);
    object.close();
  }

  // Such a call does not stream.
  void append_event(std::string&, const GenerationEvent&) override {}

 private:
  static void append_image(std::string& out, const std::string& bytes, const Json& result,
                           std::size_t index) {
    JsonObjectWriter image(out);
    std::string& data = image.begin("b64_json");
    data += '"';
    append_base64(data, bytes);
    data += '"';
    if (const Json* const said = said_of(result, index)) {
      const std::string_view revised = text_in(*said, "revised_prompt");
      if (!revised.empty()) image.text("revised_prompt", revised);
    }
    image.close();
  }

  // What an upstream has said of an image beside its bytes.
  static const Json* said_of(const Json& result, std::size_t index) {
    const JsonObject* const members = result.if_object();
    const Json* const data = members == nullptr ? nullptr : members->if_contains("data");
    const JsonArray* const list = data == nullptr ? nullptr : data->if_array();
    return list != nullptr && index < list->size() ? &(*list)[index] : nullptr;
  }

  std::int64_t created_ = 0;
};

Result<void> refuse_streams(JsonObject& body) {
  const auto streams = take_switch(body, "stream");
  if (!streams) return streams.error();
  if (*streams) return not_done("stream", "images are told when they are whole");
  const auto partial = take_member(body, "partial_images");
  if (!partial || (partial->is_int64() && partial->get_int64() == 0)) return {};
  return not_done("partial_images", "images are told when they are whole");
}

}  // namespace

Result<Call> make_image_call(const CallContext& context, JsonObject body) {
  auto serving = take_model(context, body, CallKind::kImages);
  if (!serving) return std::move(serving).error();
  if (auto refused = refuse_streams(body); !refused) return std::move(refused).error();
  const auto format = take_text(body, "response_format");
  if (!format) return format.error();
  if (!format->empty() && *format != "b64_json") {
    return not_done("response_format",
                    "an image comes as \"b64_json\", from no address; got \"" + excerpt(*format) + '"');
  }
  const Json* const prompt = body.if_contains("prompt");
  if (prompt == nullptr || !prompt->is_string() || prompt->get_string().empty())
    return bad_member("/prompt", "prompt must be a text that is not empty");
  if (!serving->served->members.empty() && !serving->served->members.contains("n")) {
    if (auto one = take_one_choice(body); !one) return std::move(one).error();
  }
  body = as_input(std::move(body), *serving->served);
  if (!serving->served->members.empty()) {
    if (auto refused = refuse_unruled(body, *serving->model); !refused) return std::move(refused).error();
  }
  Call call;
  call.model = serving->model;
  call.request.model = serving->model->name;
  call.request.input = std::move(body);
  call.rendering = std::make_unique<ImageRendering>();
  return call;
}

}  // namespace shunt::api::dialects::openai
