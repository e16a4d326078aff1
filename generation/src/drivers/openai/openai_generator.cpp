#include <stdexcept>
#include <utility>

#include "drivers/openai/chat_call.hpp"
#include "drivers/openai/chat_request.hpp"
#include "drivers/openai/upstream.hpp"
#include "drivers/openai/upstream_headers.hpp"
#include "shunt/generation/drivers/openai.hpp"

namespace shunt::generation {
namespace {

class OpenAiGenerator final : public Generator {
 public:
  explicit OpenAiGenerator(openai::Upstream upstream)
      : upstream_(std::make_shared<const openai::Upstream>(std::move(upstream))) {}

  Result<void> check_input(const Json& input) const override { return openai::check_chat_input(input); }

  void start(std::shared_ptr<GenerationRun> run) override {
    if (run->stop_token().stop_requested()) return run->stopped();
    if (auto checked = check_input(run->input()); !checked) return run->fail(std::move(checked).error());
    EventLoop* const loop = EventLoop::current();
    if (loop == nullptr) throw std::logic_error("Generator::start must be called on an event loop thread");
    std::make_shared<openai::ChatCall>(upstream_, std::move(run), *loop)->begin();
  }

 private:
  const std::shared_ptr<const openai::Upstream> upstream_;
};

}  // namespace

Result<void> check_openai(const OpenAiOptions& options) {
  return openai::check_headers(options);
}

Result<std::unique_ptr<Generator>> make_openai_generator(OpenAiOptions options) {
  auto upstream = openai::make_upstream(std::move(options));
  if (!upstream) return std::move(upstream).error();
  return std::unique_ptr<Generator>(std::make_unique<OpenAiGenerator>(std::move(upstream).value()));
}

}  // namespace shunt::generation
