#include "dialects/openai/responses/input_item_page.hpp"

#include <algorithm>
#include <string>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/responses/conversation_items.hpp"
#include "dialects/openai/responses/item_content.hpp"
#include "dialects/openai/responses/response_facts.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr std::uint64_t kLargestPage = 100;

struct PageQuery {
  std::size_t limit = 20;
  bool ascending = false;
  std::string after{};  // the id of an item; "" = from the first
};

Result<void> read_parameter(PageQuery& query, const std::string& name, const std::string& value) {
  if (name == "limit") {
    const auto limit = http::parse_unsigned(value);
    if (!limit || *limit == 0 || *limit > kLargestPage)
      return bad_member("/limit", "limit must be from 1 to 100, got \"" + excerpt(value) + '"');
    query.limit = static_cast<std::size_t>(*limit);
  } else if (name == "order") {
    if (value != "asc" && value != "desc") return bad_member("/order", "order must be asc or desc");
    query.ascending = value == "asc";
  } else if (name == "after") {
    query.after = value;
  } else if (name.starts_with("include")) {
    if (value != "message.input_image.image_url")
      return bad_member("/include", "\"" + excerpt(value) + "\" is not there to be included");
  } else {
    return bad_member("/" + excerpt(name), "there is no parameter \"" + excerpt(name) + '"');
  }
  return {};
}

Result<PageQuery> read_query(const CallContext& context) {
  const auto parameters = http::parse_query(context.target.query());
  if (!parameters) return parameters.error();
  PageQuery query;
  for (const auto& [name, value] : *parameters) {
    if (auto read = read_parameter(query, name, value); !read) return std::move(read).error();
  }
  return query;
}

std::string_view id_at(const JsonArray& items, std::size_t index) {
  const JsonObject* const item = index < items.size() ? items[index].if_object() : nullptr;
  return item == nullptr ? std::string_view() : text_member(*item, "id");
}

void append_page(std::string& out, const JsonArray& items, const PageQuery& query) {
  std::size_t first = 0;
  if (!query.after.empty()) {
    while (first < items.size() && id_at(items, first) != query.after) ++first;
    first = std::min(first + 1, items.size());
  }
  const std::size_t end = std::min(items.size(), first + query.limit);
  JsonObjectWriter page(out);
  page.text("object", "list");
  page.json("data", JsonArray(items.begin() + first, items.begin() + end));
  page.text("first_id", first < end ? id_at(items, first) : "");
  page.text("last_id", first < end ? id_at(items, end - 1) : "");
  page.boolean("has_more", end < items.size());
  page.close();
}

class PageRendering : public Rendering {
 public:
  PageRendering(JsonArray items, PageQuery query) : items_(std::move(items)), query_(std::move(query)) {
    if (!query_.ascending) std::ranges::reverse(items_);
  }

  void answer(http::Response& response, const GenerationRecord&, std::span<const Bytes>) override {
    tell(response);
  }
  bool answer_pending(http::Response& response, const GenerationRecord&) override { return tell(response); }
  bool answer_failed(http::Response& response, const GenerationRecord&) override { return tell(response); }
  void append_event(std::string&, const GenerationEvent&) override {}

 private:
  bool tell(http::Response& response) {
    response.replace_body(200, "application/json");
    append_page(response.body, items_, query_);
    return true;
  }

  JsonArray items_;
  const PageQuery query_;
};

}  // namespace

Result<endpoint::Show::Wanted> read_page_query(const CallContext& context) {
  if (const auto query = read_query(context); !query) return query.error();
  return endpoint::Show::Wanted{};
}

std::unique_ptr<Rendering> make_page_rendering(const CallContext& context, const Stored& stored,
                                               const endpoint::Show::Wanted&) {
  auto facts = facts_of(stored.request).value_or(ResponseFacts{});
  auto query = read_query(context);  // read_page_query has found it good
  return std::make_unique<PageRendering>(listed_items(stored.record.id, std::move(facts.items)),
                                         query ? std::move(*query) : PageQuery{});
}

}  // namespace shunt::api::dialects::openai
