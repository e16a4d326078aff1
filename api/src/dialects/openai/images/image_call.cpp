#include "dialects/openai/images/image_call.hpp"

#include <string>
#include <utility>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/form_values.hpp"
#include "dialects/openai/generated.hpp"
#include "dialects/openai/images/edited_images.hpp"
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

// What is in a form is a text.
void read_count(JsonObject& body, std::string_view name) {
  Json* const count = body.if_contains(name);
  if (count == nullptr || !count->is_string()) return;
  auto number = parse_json(count->get_string());
  if (number && number->is_int64()) *count = std::move(*number);
}

// What the fields of a form say beside texts.
Result<void> read_form_values(JsonObject& body) {
  const auto streams = take_form_switch(body, "stream");
  if (!streams) return streams.error();
  if (*streams) return not_done("stream", "images are told when they are whole");
  read_count(body, "n");
  read_count(body, "partial_images");
  return {};
}

// `body` without what has been dealt with.
Result<Call> make_call(ServingModel serving, JsonObject body) {
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
  const ServedCall& served = *serving.served;
  if (!served.members.empty() && !served.members.contains("n")) {
    if (auto one = take_one_choice(body); !one) return std::move(one).error();
  }
  body = as_input(std::move(body), served);
  if (!served.members.empty()) {
    if (auto refused = refuse_unruled(body, *serving.model); !refused) return std::move(refused).error();
  }
  Call call;
  call.model = serving.model;
  call.request.model = serving.model->name;
  call.request.input = std::move(body);
  call.rendering = std::make_unique<ImageRendering>();
  return call;
}

}  // namespace

Result<Call> make_image_call(const CallContext& context, JsonObject body) {
  auto serving = take_model(context, body, CallKind::kImages);
  if (!serving) return std::move(serving).error();
  return make_call(std::move(*serving), std::move(body));
}

Result<Call> make_image_edit_call(const CallContext& context, JsonObject body) {
  auto serving = take_model(context, body, CallKind::kImageEdits);
  if (!serving) return std::move(serving).error();
  const bool is_json = context.files.empty() && body.contains("images");
  auto images = is_json ? images_of_json(body, *serving) : images_of_form(context, *serving);
  if (!images) return std::move(images).error();
  for (const char* const name : {"image", "mask"}) {
    if (body.contains(name))
      return bad_member('/' + std::string(name), std::string(name) + " must be a file");
  }
  if (!is_json) {
    if (auto read = read_form_values(body); !read) return std::move(read).error();
  }
  auto call = make_call(*serving, std::move(body));
  if (!call) return call;
  JsonObject& input = call->request.input.as_object();
  if (!is_json) type_values(input, *call->model);
  for (auto& file : images->named) input.insert_or_assign(file.key(), std::move(file.value()));
  call->file_members = std::move(images->file_members);
  return call;
}

}  // namespace shunt::api::dialects::openai
