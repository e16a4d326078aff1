#include <utility>

#include "drivers/openai/upstream_headers.hpp"
#include "drivers/openai/upstream_pool.hpp"
#include "shunt/generation/drivers/openai.hpp"

namespace shunt::generation {

Result<std::vector<OpenAiModelsRequest>> openai_models_requests(const OpenAiOptions& options) {
  auto upstreams = openai::make_upstreams(options);
  if (!upstreams) return std::move(upstreams).error();
  std::vector<OpenAiModelsRequest> requests;
  for (openai::Upstream& upstream : *upstreams) {
    const std::string& base = upstream.options.base_url;
    OpenAiModelsRequest request;
    request.server = upstream.name.empty() ? upstream.address : upstream.name + " (" + upstream.address + ')';
    request.model = upstream.options.model;
    request.url =
        base.substr(0, base.find_last_not_of('/') + 1) + "/models" + openai::query_text(upstream.options);
    request.headers = std::move(upstream.headers);
    request.proxy = upstream.options.proxy;
    request.has_key = !upstream.secrets.empty();
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace shunt::generation
