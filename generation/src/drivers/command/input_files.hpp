#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "shunt/base/result.hpp"
#include "shunt/generation/file_reference.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// Puts the files of a generation into a folder "in" that it makes in the folder open as `folder`, each as
// "MEMBER.EXTENSION" (by its media type), and returns their paths by member, below `path`, where programs see
// that folder. A member whose name cannot be a file's gets "+NUMBER" instead. They are copies, since a
// program could write to what it shared with others. Follows no link, for the folder may be a running
// program's. Blocks. A stop ends it early, with any error. Fails with `file_gone`, `file_store_failed`, and
// `program_not_started` where they cannot be written. `source` may be nullptr: there is none.
[[nodiscard]] Result<std::map<std::string, std::string>> put_input_files(FileSource* source,
                                                                         const InputFiles& files, int folder,
                                                                         const std::string& path,
                                                                         const std::stop_token& stop);

}  // namespace shunt::generation::command
