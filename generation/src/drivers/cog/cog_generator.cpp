#include <memory>
#include <stdexcept>
#include <utility>

#include "drivers/call_input.hpp"
#include "drivers/cog/cog_call.hpp"
#include "drivers/data_url.hpp"
#include "drivers/openai/upstream.hpp"
#include "drivers/openai/upstream_headers.hpp"
#include "shunt/generation/drivers/cog.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace cog {
namespace {

// What is the same of any server: address, proxy, headers and their secrets.
OpenAiOptions as_server(const CogOptions& options) {
  OpenAiOptions server;
  server.base_url = options.base_url;
  server.model = "cog";
  server.headers = options.headers;
  server.headers_env = options.headers_env;
  server.headers_file = options.headers_file;
  server.proxy = options.proxy;
  server.connect_timeout = options.connect_timeout;
  server.retry_backoff = options.retry_backoff;
  server.max_loading_wait = options.max_loading_wait;
  server.max_response_bytes = options.max_response_bytes;
  return server;
}

}  // namespace

Result<CogServer> make_server(CogOptions options) {
  auto upstream = openai::make_upstream(as_server(options));
  if (!upstream) return std::move(upstream).error();
  CogServer server;
  server.base_url = options.base_url.substr(0, options.base_url.find_last_not_of('/') + 1);
  server.endpoint = std::move(upstream->endpoint);
  server.address = std::move(upstream->address);
  server.headers = std::move(upstream->headers);
  server.secrets = std::move(upstream->secrets);
  server.options = std::move(options);
  return server;
}

namespace {

// As a container takes its files.
Result<Json> input_with_data_urls(FileSource& source, const GenerationRequest& request,
                                  const std::stop_token& stop) {
  std::map<std::string, std::string> urls;
  for (const auto& [member, file] : request.files) {
    auto url = data_url_of(source, file, stop);
    if (!url) return std::move(url).error();
    urls.emplace(member, std::move(*url));
  }
  return input_with_files(request, urls);
}

class CogGenerator final : public Generator {
 public:
  CogGenerator(CogServer server, FileSource* files) : model_(std::make_shared<CogModel>()), files_(files) {
    model_->server = std::move(server);
  }

  Result<void> check_input(const Json& input) const override {
    if (input.is_object()) return {};
    return invalid_field("/input",
                         "input must be an object with the arguments of the model's predict(), got " +
                             std::string(json_kind_name(input)),
                         error_code::kInvalidInput);
  }

  void start(std::shared_ptr<GenerationRun> run) override {
    if (run->stop_token().stop_requested()) return run->stopped();
    if (auto checked = check_input(run->input()); !checked) return run->fail(std::move(checked).error());
    EventLoop* const loop = EventLoop::current();
    if (loop == nullptr) throw std::logic_error("Generator::start must be called on an event loop thread");
    const std::size_t bytes = data_url_bytes(run->envelope().request.files);
    with_call_input(file_work_, files_, std::move(run), *loop, bytes, input_with_data_urls,
                    [model = model_, loop](std::shared_ptr<GenerationRun> of, CallInput input) {
                      std::make_shared<CogCall>(model, std::move(of), *input.json, *loop)->begin();
                    });
  }

 private:
  const std::shared_ptr<CogModel> model_;
  FileSource* const files_;
  FileWork file_work_;
};

}  // namespace
}  // namespace cog

Result<void> check_cog(const CogOptions& options) {
  return openai::check_headers(cog::as_server(options));
}

Result<std::unique_ptr<Generator>> make_cog_generator(CogOptions options, FileSource* files) {
  auto server = cog::make_server(std::move(options));
  if (!server) return std::move(server).error();
  return std::unique_ptr<Generator>(std::make_unique<cog::CogGenerator>(std::move(server).value(), files));
}

}  // namespace shunt::generation
