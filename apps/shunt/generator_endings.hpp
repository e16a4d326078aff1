#pragma once

#include <memory>

#include "background_thread.hpp"
#include "namespace.hpp"
#include "shunt/generation/generator.hpp"

namespace shunt::app {

// Ends generators where that may take its time: one whose programs stay waits for their end, and the last
// that lets go of it may be a run on an event loop's thread. Any thread.
class GeneratorEndings {
 public:
  GeneratorEndings() = default;
  // Returns when those that nobody has any more have ended. Others end where they are let go from then on.
  ~GeneratorEndings() { thread_->finish(); }
  GeneratorEndings(const GeneratorEndings&) = delete;
  GeneratorEndings& operator=(const GeneratorEndings&) = delete;

  // The generator, which is destroyed in the background once nobody has it any more.
  [[nodiscard]] std::shared_ptr<Generator> own(std::unique_ptr<Generator> generator);

 private:
  const std::shared_ptr<BackgroundThread> thread_ = std::make_shared<BackgroundThread>();
};

}  // namespace shunt::app
