#include "drivers/command/kept/kept_generator.hpp"

#include <atomic>
#include <string>
#include <utility>

#include "drivers/command/kept/program_pool.hpp"
#include "drivers/command/scratch_space.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/kept_programs.hpp"

namespace shunt::generation {
namespace command {
namespace {

class KeptGenerator final : public Generator, public KeptPrograms {
 public:
  KeptGenerator(std::shared_ptr<const CommandModel> model, EventLoopThreads& loops)
      : pool_(std::make_shared<ProgramPool>(std::move(model), loops, scratch_)) {
    scratch_.remove_abandoned();
  }
  ~KeptGenerator() override { pool_->close(); }
  KeptGenerator(const KeptGenerator&) = delete;
  KeptGenerator& operator=(const KeptGenerator&) = delete;

  Result<void> check_input(const Json& input) const override {
    if (input.is_object()) return {};
    return invalid_field("/input", "input must be an object; got " + shown_value(input),
                         error_code::kInvalidInput);
  }
  void start(std::shared_ptr<GenerationRun> run) override { pool_->start(std::move(run)); }

  void warm() override { pool_->begin(); }
  void start_late() override { late_ = true; }
  KeptProgramsStatus status() const override {
    KeptProgramsStatus status = pool_->status();
    status.late = late_;
    return status;
  }

 private:
  std::atomic<bool> late_{false};
  ScratchSpace scratch_;  // before the programs, whose folders are in it
  const std::shared_ptr<ProgramPool> pool_;
};

Error not_with_keep(const std::string& option, const std::string& instead) {
  return invalid_field('/' + option, option + " cannot be used with keep: " + instead);
}

}  // namespace

Result<void> check_kept(const CommandOptions& options, const ArgvTemplate& argv) {
  const CommandOptions usual;
  if (const std::string& placeholder = argv.per_request_placeholder(); !placeholder.empty()) {
    return not_with_keep(
        "argv", "the program is started before there is a request, so no argument can have " + placeholder +
                    "; the input comes in the line of a run");
  }
  if (!options.defaults.empty()) {
    return not_with_keep("defaults", "no argument comes from the input, which the program gets as it is");
  }
  if (options.input != usual.input) {
    return not_with_keep("input_mode", "the program gets its input in the line of a run");
  }
  if (options.output != usual.output) {
    return not_with_keep("output", "the program says what it makes");
  }
  if (options.artifact_name != usual.artifact_name) {
    return not_with_keep("artifact_name", "the program names its artifacts");
  }
  if (options.artifact_media_type != usual.artifact_media_type) {
    return not_with_keep("artifact_media_type", "the program names its artifacts' types");
  }
  if (options.max_cpu) {
    return not_with_keep("max_cpu",
                         "it would end a program that has worked long enough, whosever run it has");
  }
  return {};
}

std::unique_ptr<Generator> make_kept_generator(std::shared_ptr<const CommandModel> model,
                                               EventLoopThreads& loops) {
  return std::make_unique<KeptGenerator>(std::move(model), loops);
}

}  // namespace command

KeptPrograms* kept_programs(const Model& model) noexcept {
  return dynamic_cast<KeptPrograms*>(model.generator.get());
}

}  // namespace shunt::generation
