#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::replicate {

[[nodiscard]] endpoint::UploadFile upload_file();
[[nodiscard]] endpoint::ShowFile show_file();
[[nodiscard]] endpoint::ListFiles list_files();
[[nodiscard]] endpoint::RemoveFile remove_file();

// The id in the URL that a file object has as urls.get; nullopt: it is another URL.
[[nodiscard]] std::optional<std::string> file_of_url(std::string_view url, std::string_view base_url);

}  // namespace shunt::api::dialects::replicate
