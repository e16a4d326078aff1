#include <stdexcept>
#include <utility>

#include "drivers/data_url.hpp"
#include "drivers/openai/chat_call.hpp"
#include "drivers/openai/file_parts.hpp"
#include "drivers/openai/operation_form.hpp"
#include "drivers/openai/operation_request.hpp"
#include "drivers/openai/upstream_pool.hpp"
#include "shunt/generation/drivers/openai.hpp"

namespace shunt::generation {
namespace {

class OpenAiGenerator final : public Generator {
 public:
  OpenAiGenerator(std::shared_ptr<openai::UpstreamPool> upstreams, FileSource* files)
      : upstreams_(std::move(upstreams)), files_(files) {}

  Result<void> check_input(const Json& input) const override {
    return openai::check_operation_input(operation(), input);
  }

  bool takes_message_files() const noexcept override { return operation() == OpenAiOperation::kChat; }

  Result<void> check_message_files(const Json& input, const InputFiles& files) const override {
    return openai::check_message_files(input, files, upstreams_->at(0).options.max_message_file_bytes);
  }

  void start(std::shared_ptr<GenerationRun> run) override {
    if (run->stop_token().stop_requested()) return run->stopped();
    const GenerationRequest& request = run->envelope().request;
    if (auto checked = check(request); !checked) return run->fail(std::move(checked).error());
    EventLoop* const loop = EventLoop::current();
    if (loop == nullptr) throw std::logic_error("Generator::start must be called on an event loop thread");
    const bool sends_form = openai::sends_form(operation());
    const std::size_t bytes =
        sends_form ? data_url_bytes(request.files) : openai::chat_file_bytes(request.input, request.files);
    with_call_input(
        file_work_, files_, std::move(run), *loop, bytes,
        sends_form ? openai::form_input_with_files : openai::chat_input_with_files,
        [upstreams = upstreams_, loop](std::shared_ptr<GenerationRun> of, CallInput input) {
          std::make_shared<openai::ChatCall>(upstreams, std::move(of), std::move(input), *loop)->begin();
        });
  }

  [[nodiscard]] std::vector<UpstreamStatus> upstreams() const {
    return upstreams_->size() > 1 ? upstreams_->status() : std::vector<UpstreamStatus>();
  }

 private:
  OpenAiOperation operation() const noexcept { return upstreams_->at(0).options.operation; }

  Result<void> check(const GenerationRequest& request) const {
    if (auto checked = check_input(request.input); !checked) return checked;
    if (takes_message_files()) return check_message_files(request.input, request.files);
    return openai::check_operation_files(operation(), request.files);
  }

  const std::shared_ptr<openai::UpstreamPool> upstreams_;
  FileSource* const files_;
  FileWork file_work_;
};

}  // namespace

Result<void> check_openai(const OpenAiOptions& options) {
  return openai::check_upstreams(options);
}

Result<std::unique_ptr<Generator>> make_openai_generator(OpenAiOptions options, FileSource* files) {
  auto upstreams = openai::make_upstreams(options);
  if (!upstreams) return std::move(upstreams).error();
  const openai::UpstreamBreakerOptions breaker{options.breaker_failures, options.breaker_open,
                                               options.breaker_max_open};
  return std::unique_ptr<Generator>(std::make_unique<OpenAiGenerator>(
      std::make_shared<openai::UpstreamPool>(std::move(upstreams).value(), breaker), files));
}

std::vector<UpstreamStatus> upstreams_of(const Generator* generator) {
  const auto* const forwarding = dynamic_cast<const OpenAiGenerator*>(generator);
  return forwarding == nullptr ? std::vector<UpstreamStatus>() : forwarding->upstreams();
}

}  // namespace shunt::generation
