#include "generator_endings.hpp"

#include <utility>

namespace shunt::app {

std::shared_ptr<Generator> GeneratorEndings::own(std::unique_ptr<Generator> generator) {
  Generator* const made = generator.get();
  // The holder is what the work keeps; emptied there, so that no copy of it can end the generator elsewhere.
  auto holder = std::make_shared<std::unique_ptr<Generator>>(std::move(generator));
  return {made, [holder = std::move(holder), weak = std::weak_ptr(thread_)](Generator*) mutable {
            const auto thread = weak.lock();
            if (thread != nullptr && thread->post([holder] { holder->reset(); })) return;
            holder->reset();
          }};
}

}  // namespace shunt::app
