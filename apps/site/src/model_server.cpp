#include "shunt/site/model_server.hpp"

#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/http/blocking_client.hpp"

namespace shunt::site {
namespace {

// A gateway to hundreds of models describes each at length.
constexpr std::size_t kLongestAnswer = std::size_t{8} << 20U;

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kLongestId && is_displayable(id);
}

}  // namespace

std::optional<ListedModels> read_models_list(std::string_view body) {
  const auto document = parse_json(body);
  if (!document || !document->is_object()) return std::nullopt;
  const Json* const data = document->get_object().if_contains("data");
  if (data == nullptr || !data->is_array()) return std::nullopt;
  ListedModels listed;
  for (const Json& entry : data->get_array()) {
    if (!entry.is_object()) return std::nullopt;
    const std::string_view id = text_in(entry.get_object(), "id");
    if (!is_id(id)) continue;
    if (listed.ids.empty()) listed.owner = text_in(entry.get_object(), "owned_by");
    listed.ids.emplace_back(id);
    if (listed.ids.size() == kMostListed) break;
  }
  return listed;
}

ModelsAnswer ask_for_models(const ModelsQuestion& question) {
  http::ClientRequest request;
  request.url = question.url;
  request.headers = question.headers;
  request.headers.emplace_back("Accept: application/json");
  request.proxy = question.proxy;
  request.connection = http::ConnectionUse::kOwn;
  request.connect_timeout = question.connect_within;
  request.total_timeout = question.answer_within;
  request.max_response_bytes = kLongestAnswer;
  http::BlockingClient client;
  http::ClientResponse response = client.perform(std::move(request));
  ModelsAnswer answer;
  answer.end = std::move(response.end);
  answer.status = response.head.status;
  const bool whole = answer.end.how == http::TransferEnd::How::kComplete;
  if (whole && answer.status == 200) answer.models = read_models_list(response.body);
  return answer;
}

}  // namespace shunt::site
