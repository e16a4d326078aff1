#pragma once

#include "commands.hpp"
#include "namespace.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::app {

// The files that --file names, put into the store and held for as long as the generation may need them.
// `store` may be nullptr. Fails with a message for people.
[[nodiscard]] Result<InputFiles> give_files(const GenerateOptions& options,
                                            const config::Configuration& configuration, const Model& model,
                                            FileStore* store);

}  // namespace shunt::app
