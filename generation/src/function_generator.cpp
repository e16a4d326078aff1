#include "shunt/generation/function_generator.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

void call(const GenerateFunction& function, GenerationRun& run) {
  try {
    if (run.stop_token().stop_requested()) return run.stopped();
    Json result = function(run);
    if (run.stop_token().stop_requested()) return run.stopped();
    run.succeed(std::move(result));
  } catch (const std::exception& failure) {
    run.fail({error_code::kGeneratorFailed, failure.what()});
  }
}

class FunctionGenerator final : public Generator {
 public:
  FunctionGenerator(GenerateFunction function, std::size_t threads)
      : function_(std::move(function)), pool_(threads) {}
  ~FunctionGenerator() override { pool_.join(); }

  void start(std::shared_ptr<GenerationRun> run) override {
    boost::asio::post(pool_, [this, run = std::move(run)] { call(function_, *run); });
  }

 private:
  const GenerateFunction function_;
  boost::asio::thread_pool pool_;
};

}  // namespace

std::unique_ptr<Generator> make_function_generator(GenerateFunction function, std::size_t threads) {
  return std::make_unique<FunctionGenerator>(std::move(function), threads);
}

}  // namespace shunt::generation
