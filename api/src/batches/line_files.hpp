#pragma once

#include <string>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::api::batches {

// Puts into request.files what the input names for a member that the model's rules call a file, which leaves
// the input: {"file": "file-..."}, one of the owner's own, or a data: URL where the rule allows it; and what
// its messages name by id, with places as GivenMessageFiles has them. All are held. Refuses URLs that
// somebody would have to fetch, by the member's name, and what the rule does not let be. Blocks.
[[nodiscard]] Result<void> take_line_files(FileStore& store, const Model& model, const FileUse& use,
                                           GenerationRequest& request, std::vector<std::string> places = {});

}  // namespace shunt::api::batches
