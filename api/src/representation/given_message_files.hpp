#pragma once

#include <string>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/message_files.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::api {

// The files that the messages of a request name by their ids, and where its client has written each, for
// errors: a pointer into the body that came, in the same order. Without places a file is where it stands in
// the input.
struct GivenMessageFiles {
  std::vector<MessageFile> named{};
  std::vector<std::string> places{};

  [[nodiscard]] std::string place_of(std::size_t index) const;
};

// None where the model takes none. Pure.
[[nodiscard]] Result<GivenMessageFiles> read_message_files(const Model& model, const Json& input,
                                                           std::vector<std::string> places);

// Adds those files to `files`, and holds them. Fails with `invalid_input` where the user has no such file,
// and as the store does. Blocks.
[[nodiscard]] Result<void> hold_message_files(FileStore& store, const GivenMessageFiles& given,
                                              const FileUse& use, InputFiles& files);

// Whether the model takes them as they are.
[[nodiscard]] Result<void> check_message_files(const Model& model, const GivenMessageFiles& given,
                                               const GenerationRequest& request);

// The pointer of the first one beyond `most` different ones; "" = there are no more.
[[nodiscard]] std::string first_beyond(const GivenMessageFiles& given, std::size_t most);

}  // namespace shunt::api
