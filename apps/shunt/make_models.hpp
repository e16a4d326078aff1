#pragma once

#include <string>
#include <string_view>

#include "generator_endings.hpp"
#include "namespace.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::app {

// The configured model with its generator. A model that cannot work is a configuration error: the message
// names the model, where it is configured, and for a known program that is missing the package that has it.
// `loops` and `files`, where its generations' files are read (nullptr: nowhere), outlive the model.
[[nodiscard]] Result<Model> make_model(const config::ModelConfig& configured, const config::Loaded& loaded,
                                       EventLoopThreads& loops, FileSource* files);

// All of them; the first that cannot be made is the error. `endings` outlives the models.
[[nodiscard]] Result<ModelRegistry> make_models(const config::Loaded& loaded, EventLoopThreads& loops,
                                                FileSource* files, GeneratorEndings& endings);

// Those of the configuration that a reload leads to. A model that is as it was is the same object, and one of
// which other things have changed than what runs it has the same generator. Errors as above; nothing of
// `running` is touched then.
[[nodiscard]] Result<ModelRegistry> remake_models(const config::Reload& reload, const ModelRegistry& running,
                                                  EventLoopThreads& loops, FileSource* files,
                                                  GeneratorEndings& endings);

}  // namespace shunt::app
