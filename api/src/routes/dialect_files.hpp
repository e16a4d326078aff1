#pragma once

#include "dialects/dialect.hpp"
#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"

// The endpoints of the dialects that are about files.
namespace shunt::api {

[[nodiscard]] http::Task<void> upload_dialect_file(Exchange& exchange,
                                                   const dialects::endpoint::UploadFile& upload);
[[nodiscard]] http::Task<void> show_dialect_file(Exchange& exchange,
                                                 const dialects::endpoint::ShowFile& show);
[[nodiscard]] http::Task<void> list_dialect_files(Exchange& exchange,
                                                  const dialects::endpoint::ListFiles& list);
[[nodiscard]] http::Task<void> remove_dialect_file(Exchange& exchange,
                                                   const dialects::endpoint::RemoveFile& remove);

}  // namespace shunt::api
