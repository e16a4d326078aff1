#pragma once

#include <map>
#include <string>
#include <variant>

#include "shunt/api/namespace.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/input_rules.hpp"

namespace shunt::api {

// How an input says which file a member is.
struct UploadedFile {
  std::string id;  // as it came
};
struct HttpsUrl {
  std::string text;
};
// What a data: URL has in it.
struct InlineFile {
  std::string media_type;  // valid
  std::string bytes;
};
using NamedFile = std::variant<UploadedFile, HttpsUrl, InlineFile>;
using NamedFiles = std::map<std::string, NamedFile>;  // by member

// Takes out of the input what it says of the members that the rules call files. Pure. Fails with
// `invalid_input`, also on a URL of a kind that the member's rule does not list, and with `file_not_fetched`
// on a data: URL that is none.
[[nodiscard]] Result<NamedFiles> take_named_files(const InputRules& rules, GenerationRequest& request);

// An error about what was fetched for a member.
[[nodiscard]] Error not_fetched_for(std::string_view member, Error error);

}  // namespace shunt::api
