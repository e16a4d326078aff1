// Files that callers keep here, for clients of other APIs.
#include "routes/dialect_files.hpp"

#include <algorithm>
#include <map>

#include "routes/dialect_context.hpp"
#include "routes/form_receiver.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::api {
namespace {

namespace endpoint = dialects::endpoint;

constexpr std::size_t kMaxFieldBytes = 4 * 1024;

// False: the response has been made a problem.
bool has_store(Exchange& exchange) {
  if (exchange.service.files.enabled()) return true;
  set_problem(exchange.response, Error{problem_code::kFilesDisabled,
                                       "this server keeps no files: it was told no folder for them "
                                       "(files.directory)"});
  return false;
}

Error unknown_file(std::string_view id) {
  return {error_code::kFileUnknown, "there is no file \"" + excerpt(id) + '"'};
}

Result<FormPart> admit_part(const Exchange& exchange, const endpoint::UploadFile& upload,
                            const http::PartHeader& header) {
  if (header.name == upload.part) {
    return FormPart{.is_file = true, .max_bytes = exchange.options.files.max_bytes};
  }
  // Some clients give a field a filename.
  if (std::ranges::find(upload.fields, header.name) != upload.fields.end())
    return FormPart{.max_bytes = kMaxFieldBytes};
  return invalid_field('/' + excerpt(header.name), "it is not known here", problem_code::kUnknownField);
}

Result<FileRecord> new_record(const Exchange& exchange, const endpoint::UploadFile& upload,
                              const ReceivedForm& form) {
  const auto file = form.files.find(upload.part);
  if (file == form.files.end()) {
    const std::string part(upload.part);
    return invalid_field('/' + part, "the part \"" + part + "\" is missing");
  }
  FileRecord record;
  record.caller = caller_of(exchange);
  record.filename = file->second.filename;
  record.purpose = "user_data";
  record.media_type = file->second.media_type;
  record.created_at = system_clock().now();
  record.expires_at = record.created_at + exchange.options.files.expires_after;
  if (auto described = upload.describe(record, form.fields); !described) return std::move(described).error();
  return record;
}

http::Task<std::optional<FileRecord>> find_file(Exchange& exchange) {
  if (!has_store(exchange)) co_return std::nullopt;
  const std::string id(exchange.route.parameters[0]);
  const std::string caller = caller_of(exchange);
  auto finding = with_files<Result<std::optional<FileRecord>>>(
      exchange, [&](FileStore& store) { return store.find(caller, id, system_clock().now()); });
  auto found = co_await finding;
  if (found && *found) co_return std::move(*found);
  set_problem(exchange.response, found ? unknown_file(id) : found.error());
  co_return std::nullopt;
}

}  // namespace

http::Task<void> upload_dialect_file(Exchange& exchange, const endpoint::UploadFile& upload) {
  if (!has_store(exchange)) co_return;
  const AdmitPart admit = [&exchange, &upload](const http::PartHeader& header) {
    return admit_part(exchange, upload, header);
  };
  auto receiving = receive_form(exchange, admit);
  auto form = co_await receiving;
  if (!form) {
    set_problem(exchange.response, form.error());
    co_return;
  }
  auto record = new_record(exchange, upload, *form);
  if (!record) {
    set_problem(exchange.response, record.error());
    co_return;
  }
  const std::shared_ptr<FileUpload> bytes = form->files.find(upload.part)->second.upload;
  const FileQuota quota = quota_of(exchange);
  auto keeping = with_files<Result<FileRecord>>(exchange, [&](FileStore& store) {
    auto kept = store.keep(*bytes, std::move(*record), quota);
    form->under_way.reset();
    return kept;
  });
  const auto kept = co_await keeping;
  if (!kept) {
    set_problem(exchange.response, kept.error());
    co_return;
  }
  upload.answer(exchange.response, context_of(exchange), *kept);
}

http::Task<void> show_dialect_file(Exchange& exchange, const endpoint::ShowFile& show) {
  auto finding = find_file(exchange);
  const auto record = co_await finding;
  if (record) show.answer(exchange.response, context_of(exchange), *record);
}

http::Task<void> list_dialect_files(Exchange& exchange, const endpoint::ListFiles& list) {
  if (!has_store(exchange)) co_return;
  const std::string caller = caller_of(exchange);
  auto listing = with_files<Result<std::vector<FileRecord>>>(
      exchange, [&](FileStore& store) { return store.list(caller, system_clock().now()); });
  const auto records = co_await listing;
  if (!records) {
    set_problem(exchange.response, records.error());
    co_return;
  }
  if (const auto answered = list.answer(exchange.response, context_of(exchange), *records); !answered)
    set_problem(exchange.response, answered.error());
}

http::Task<void> remove_dialect_file(Exchange& exchange, const endpoint::RemoveFile& remove) {
  auto finding = find_file(exchange);
  const auto record = co_await finding;
  if (!record) co_return;
  auto removing = with_files<Result<bool>>(
      exchange, [&](FileStore& store) { return store.remove(record->caller, record->id); });
  const auto removed = co_await removing;
  if (!removed || !*removed) {
    set_problem(exchange.response, removed ? unknown_file(record->id) : removed.error());
    co_return;
  }
  remove.answer(exchange.response, context_of(exchange), *record);
}

}  // namespace shunt::api
