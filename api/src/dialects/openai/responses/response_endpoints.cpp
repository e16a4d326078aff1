#include "dialects/openai/responses/response_endpoints.hpp"

#include <string>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/generated.hpp"
#include "dialects/openai/responses/input_item_page.hpp"
#include "dialects/openai/responses/response_facts.hpp"
#include "dialects/openai/responses/response_object.hpp"
#include "dialects/openai/responses/response_rendering.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api::dialects::openai {
namespace {

Error no_such_response(const Stored& stored) {
  return {error_code::kGenerationUnknown, "there is no response of the id " + response_id(stored.record.id)};
}

std::optional<Error> refuse_unkept(const Stored& stored) {
  const auto facts = facts_of(stored.request);
  if (facts && is_kept(*facts)) return std::nullopt;
  return no_such_response(stored);
}

std::optional<Error> refuse_cancel(const Stored& stored) {
  if (auto unkept = refuse_unkept(stored)) return unkept;
  if (facts_of(stored.request)->background) return std::nullopt;
  return Error{error_code::kInvalidRequest,
               "only a response that was created with background: true can be cancelled"};
}

// A parameter of the query that is a word for yes or no.
Result<bool> read_switch(const std::string& name, const std::string& value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return bad_member("/" + name, name + " must be true or false, got \"" + excerpt(value) + '"');
}

Result<void> read_parameter(endpoint::Show::Wanted& wanted, bool& resumes, const std::string& name,
                            const std::string& value) {
  if (name == "stream") {
    const auto streams = read_switch(name, value);
    if (!streams) return streams.error();
    wanted.streams = *streams;
  } else if (name == "starting_after") {
    const auto after = http::parse_unsigned(value);
    if (!after || *after > std::uint64_t{kMaxSafeInteger})
      return bad_member("/starting_after", "starting_after must be an event's sequence_number");
    wanted.after = *after + 1;
    resumes = true;
  } else if (name == "include_obfuscation") {
    const auto obfuscates = read_switch(name, value);
    if (!obfuscates) return obfuscates.error();
    if (*obfuscates) return not_done(name, "nothing is added to hide lengths");
  } else if (name.starts_with("include")) {
    // What a response has of these is in it from the start.
    if (value != "message.output_text.logprobs" && value != "message.input_image.image_url")
      return bad_member("/include", "\"" + excerpt(value) + "\" is not there to be included");
  } else {
    return bad_member("/" + excerpt(name), "there is no parameter \"" + excerpt(name) + '"');
  }
  return {};
}

Result<endpoint::Show::Wanted> read_show_query(const CallContext& context) {
  const auto parameters = http::parse_query(context.target.query());
  if (!parameters) return parameters.error();
  endpoint::Show::Wanted wanted;
  bool resumes = false;
  for (const auto& [name, value] : *parameters) {
    if (auto read = read_parameter(wanted, resumes, name, value); !read) return std::move(read).error();
  }
  if (resumes && !wanted.streams)
    return bad_member("/starting_after", "starting_after is for a request with stream=true");
  return wanted;
}

std::unique_ptr<Rendering> show_rendering(const CallContext& context, const Stored& stored,
                                          const endpoint::Show::Wanted& wanted) {
  (void)context;
  return make_shown_rendering(facts_of(stored.request).value_or(ResponseFacts{}), wanted.after);
}

void answer_cancel(http::Response& response, const CallContext& context, const Stored& stored) {
  (void)context;
  forbid_retry(response);
  response.replace_body(200, "application/json");
  append_response(response.body, facts_of(stored.request).value_or(ResponseFacts{}), stored.record);
}

void answer_removed(http::Response& response, const GenerationRecord& record) {
  response.replace_body(200, "application/json");
  JsonObjectWriter object(response.body);
  object.text("id", response_id(record.id));
  object.text("object", "response");
  object.boolean("deleted", true);
  object.close();
}

// What its client takes for the end of a cancelled response is what the answer says: it is waited for.
constexpr std::chrono::seconds kCancelSettles{5};

}  // namespace

endpoint::Show show_response() {
  return {.id_of = parse_response_id,
          .read_query = read_show_query,
          .make_rendering = show_rendering,
          .refusal = refuse_unkept};
}

endpoint::Cancel cancel_response() {
  return {.id_of = parse_response_id,
          .refusal = refuse_cancel,
          .answer = answer_cancel,
          .settles_in = kCancelSettles};
}

endpoint::Remove remove_response() {
  return {.id_of = parse_response_id, .answer = answer_removed, .refusal = refuse_unkept};
}

endpoint::Show list_input_items() {
  return {.id_of = parse_response_id,
          .read_query = read_page_query,
          .make_rendering = make_page_rendering,
          .refusal = refuse_unkept};
}

}  // namespace shunt::api::dialects::openai
