// Routes of the files that callers keep here, to give them to generations.
#include <algorithm>
#include <array>

#include "representation/file_object.hpp"
#include "representation/representation.hpp"
#include "routes/byte_pieces.hpp"
#include "routes/form_receiver.hpp"
#include "routes/handlers.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/file_error_codes.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api {
namespace {

// OpenAI's least; a file that nobody can use any more by the time its id has come is of no use.
constexpr std::chrono::seconds kShortestLife{60};
constexpr std::size_t kMaxFieldBytes = 1024;
constexpr std::uint64_t kLargestPage = 10'000;  // OpenAI's

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

Result<FormPart> admit_part(const Exchange& exchange, const http::PartHeader& header) {
  constexpr auto kFields =
      std::to_array<std::string_view>({"purpose", "expires_after[anchor]", "expires_after[seconds]"});
  if (header.name == "file") {
    if (!header.filename) {
      return invalid_field("/file", "the part \"file\" must be a file: it has no filename");
    }
    return FormPart{.is_file = true, .max_bytes = exchange.options.files.max_bytes};
  }
  if (std::ranges::find(kFields, header.name) != kFields.end()) return FormPart{.max_bytes = kMaxFieldBytes};
  return invalid_field('/' + excerpt(header.name), "it is not known: send file and purpose",
                       problem_code::kUnknownField);
}

Result<std::chrono::milliseconds> read_life(const ReceivedForm& form, std::chrono::milliseconds longest) {
  const auto anchor = form.fields.find("expires_after[anchor]");
  if (anchor != form.fields.end() && anchor->second != "created_at") {
    return invalid_field("/expires_after/anchor", "\"expires_after[anchor]\" must be \"created_at\"");
  }
  const auto seconds = form.fields.find("expires_after[seconds]");
  if (seconds == form.fields.end()) return longest;
  const auto read = http::parse_unsigned(seconds->second);
  const auto most =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(longest).count());
  const auto least = static_cast<std::uint64_t>(kShortestLife.count());
  if (!read || *read < least || *read > most) {
    return invalid_field("/expires_after/seconds", "\"expires_after[seconds]\" must be a whole number from " +
                                                       std::to_string(least) + " to " + std::to_string(most));
  }
  return std::chrono::milliseconds(std::chrono::seconds(*read));
}

// What is kept of the form: all but what the store fills in.
Result<FileRecord> new_record(const Exchange& exchange, const ReceivedForm& form) {
  const auto file = form.files.find("file");
  if (file == form.files.end()) return invalid_field("/file", "the part \"file\" is missing");
  const auto purpose = form.fields.find("purpose");
  if (purpose == form.fields.end()) return invalid_field("/purpose", "the part \"purpose\" is missing");
  if (!is_purpose(purpose->second)) {
    return invalid_field("/purpose", "\"purpose\" must be 1 to 64 of a-z 0-9 _ -, as in \"user_data\"");
  }
  const auto life = read_life(form, exchange.options.files.expires_after);
  if (!life) return life.error();
  FileRecord record;
  record.caller = caller_of(exchange);
  record.filename = file->second.filename;
  record.purpose = purpose->second;
  record.media_type = file->second.media_type;
  record.created_at = system_clock().now();
  record.expires_at = record.created_at + *life;
  return record;
}

Result<void> read_page_parameter(FilePageQuery& query, const std::string& name, const std::string& value) {
  if (name == "after") {
    if (!is_file_id(value)) return bad_parameter(name, "the id of a file", value);
    query.after = value;
  } else if (name == "purpose") {
    if (!is_purpose(value)) return bad_parameter(name, "a purpose", value);
    query.purpose = value;
  } else if (name == "limit") {
    const auto limit = http::parse_unsigned(value);
    if (!limit || *limit == 0 || *limit > kLargestPage) return bad_parameter(name, "from 1 to 10000", value);
    query.limit = static_cast<std::size_t>(*limit);
  } else if (name == "order") {
    if (value != "asc" && value != "desc") return bad_parameter(name, "asc or desc", value);
    query.oldest_first = value == "asc";
  } else {
    return bad_parameter(name, "one of after, limit, order, purpose: it is not known", value);
  }
  return {};
}

// Strict; fails with `invalid_parameter`.
Result<FilePageQuery> read_file_page_query(const http::QueryParameters& parameters) {
  FilePageQuery query;
  for (const auto& [name, value] : parameters) {
    if (auto read = read_page_parameter(query, name, value); !read) return std::move(read).error();
  }
  return query;
}

// The caller's file of the path; nullopt: the response has been made a problem.
http::Task<std::optional<FileRecord>> find_file(Exchange& exchange) {
  if (!has_store(exchange)) co_return std::nullopt;
  const std::string id(exchange.route.parameters[0]);
  const std::string caller = caller_of(exchange);
  auto finding = with_files<Result<std::optional<FileRecord>>>(
      exchange, [&](FileStore& store) { return store.find(caller, id, system_clock().now()); });
  auto found = co_await finding;
  if (!found) {
    set_problem(exchange.response, found.error());
    co_return std::nullopt;
  }
  if (!*found) set_problem(exchange.response, unknown_file(id));
  co_return std::move(*found);
}

// How a file's bytes are described: what strangers have uploaded must not become a script of this origin.
void describe(http::Response& response, const FileRecord& record) {
  response.status = 200;
  response.content_type = record.media_type;
  response.add_header("ETag", '"' + record.sha256 + '"');
  response.add_header("Content-Disposition",
                      "attachment; filename=\"" + header_filename(record.filename) + '"');
  response.add_header("X-Content-Type-Options", "nosniff");
  response.add_header("Content-Security-Policy", "sandbox");
}

}  // namespace

http::Task<void> create_file(Exchange& exchange) {
  if (!has_store(exchange)) co_return;
  const AdmitPart admit = [&exchange](const http::PartHeader& header) {
    return admit_part(exchange, header);
  };
  auto receiving = receive_form(exchange, admit);
  auto form = co_await receiving;
  if (!form) {
    set_problem(exchange.response, form.error());
    co_return;
  }
  auto record = new_record(exchange, *form);
  if (!record) {
    set_problem(exchange.response, record.error());
    co_return;
  }
  FileUpload& upload = *form->files.find("file")->second.upload;
  const FileQuota quota = quota_of(exchange);
  auto keeping = with_files<Result<FileRecord>>(exchange, [&](FileStore& store) {
    auto kept = store.keep(upload, *record, quota);
    form->under_way.reset();
    return kept;
  });
  const auto kept = co_await keeping;
  if (!kept) {
    set_problem(exchange.response, kept.error());
    co_return;
  }
  exchange.response.set_json(200);
  append_file_object(exchange.response.body, *kept);
}

http::Task<void> list_files(Exchange& exchange) {
  if (!has_store(exchange) || !accepts(exchange, kJsonType)) co_return;
  auto parameters = http::parse_query(exchange.target.query());
  Result<FilePageQuery> query = parameters ? read_file_page_query(*parameters) : parameters.error();
  if (!query) {
    set_problem(exchange.response, query.error());
    co_return;
  }
  const std::string caller = caller_of(exchange);
  auto listing = with_files<Result<std::vector<FileRecord>>>(
      exchange, [&](FileStore& store) { return store.list(caller, system_clock().now()); });
  auto records = co_await listing;
  if (!records) {
    set_problem(exchange.response, records.error());
    co_return;
  }
  // A page behind what is not there would look like the last one.
  if (query->after && std::ranges::find(*records, *query->after, &FileRecord::id) == records->end()) {
    set_problem(exchange.response, unknown_file(*query->after));
    co_return;
  }
  exchange.response.set_json(200);
  append_file_page(exchange.response.body, std::move(*records), *query);
}

http::Task<void> get_file(Exchange& exchange) {
  if (!accepts(exchange, kJsonType)) co_return;
  auto finding = find_file(exchange);
  const auto record = co_await finding;
  if (!record) co_return;
  exchange.response.set_json(200);
  append_file_object(exchange.response.body, *record);
}

http::Task<void> get_file_content(Exchange& exchange) {
  auto finding = find_file(exchange);
  auto record = co_await finding;
  if (!record) co_return;
  FileService& files = exchange.service.files;
  const ByteAnswer answer{
      .size = static_cast<std::size_t>(record->bytes),
      .tag = '"' + record->sha256 + '"',
      .read =
          [&files, &record](std::size_t offset, std::size_t length, std::function<void(ByteResult)> done) {
            files.run<ByteResult>(
                record->caller,
                [sha256 = record->sha256, bytes = record->bytes, offset,
                 length](FileStore& store) -> ByteResult {
                  auto piece = store.read(sha256, bytes, offset, length);
                  if (!piece) return std::move(piece).error();
                  return std::make_shared<const std::string>(std::move(*piece));
                },
                std::move(done));
          },
      .describe = [&record](http::Response& response) { describe(response, *record); },
      .instance = "/v1/files/" + record->id};
  co_await answer_with_pieces(exchange, answer);
}

http::Task<void> remove_file(Exchange& exchange) {
  if (!has_store(exchange)) co_return;
  const std::string id(exchange.route.parameters[0]);
  const std::string caller = caller_of(exchange);
  auto removing =
      with_files<Result<bool>>(exchange, [&](FileStore& store) { return store.remove(caller, id); });
  const auto removed = co_await removing;
  if (!removed || !*removed) {
    set_problem(exchange.response, removed ? unknown_file(id) : removed.error());
    co_return;
  }
  exchange.response.set_json(200);
  JsonObjectWriter answer(exchange.response.body);
  answer.text("id", id);
  answer.text("object", "file");
  answer.boolean("deleted", true);
  answer.close();
}

}  // namespace shunt::api
