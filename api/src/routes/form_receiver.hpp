#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "representation/form_fields.hpp"
#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/http/multipart_reader.hpp"

namespace shunt::api {

// What becomes of a part of a form.
struct FormPart {
  bool is_file = false;  // its bytes go to the store while they come; otherwise they are kept as text
  bool is_list = false;  // it may come several times; its name ends with "[]"
  std::uint64_t max_bytes = 0;
};

struct ReceivedFile {
  std::string filename;
  std::string media_type;  // valid
  std::shared_ptr<FileUpload> upload;
};

// By the names of the parts.
struct ReceivedForm {
  // What the files count for until they are kept; reset it then.
  std::optional<UploadsUnderWay::Share> under_way;
  FormFields fields;
  FormLists lists;
  // The files of a list have their numbers between the brackets: "image[0]", "image[1]", ...
  std::map<std::string, ReceivedFile, std::less<>> files;
};

// What a form of any size takes of the memory for requests, beside its fields.
inline constexpr std::size_t kFormMemory = 512UL * 1024;

// Decides about a part when its header has come.
using AdmitPart = std::function<Result<FormPart>(const http::PartHeader&)>;

// Takes a form from the client: files to the store piece by piece, so that a form of any size takes some
// hundred KiB of memory, beside its fields, whose bytes stay reserved. A name may come once,
// that of a list as often as it likes. Fails with what
// is wrong with the form, with a part
// (`body_too_large`, `unsupported_media_type`, what `admit` says), with the store, with `file_quota_exceeded`
// as soon as the files are more than their caller may keep, and with `too_many_concurrent`; what has been
// stored by then is gone. Precondition: exchange.body is there, and so is a store.
[[nodiscard]] http::Task<Result<ReceivedForm>> receive_form(Exchange& exchange, const AdmitPart& admit);

// Whose the request's files are.
[[nodiscard]] std::string caller_of(const Exchange& exchange);
// What the caller may keep.
[[nodiscard]] FileQuota quota_of(const Exchange& exchange);

// Runs `work` on a thread of the store's, when it is the caller's turn, and waits for its result.
template <typename T>
[[nodiscard]] http::Task<T> with_files(Exchange& exchange, std::function<T(FileStore&)> work) {
  auto pending = answer_of<T>(exchange.client, [&](auto done) {
    exchange.service.files.run<T>(caller_of(exchange), std::move(work),
                                  std::function<void(T)>(std::move(done)));
  });
  T result = co_await pending;
  co_return result;
}

}  // namespace shunt::api
