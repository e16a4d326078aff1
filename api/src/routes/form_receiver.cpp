#include "routes/form_receiver.hpp"

#include <limits>
#include <utility>
#include <variant>

#include "admission/file_use.hpp"
#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::api {
namespace {

// What is written at once, and what a form takes of memory beside that: a piece of the body as it came and
// as it is taken apart.
constexpr std::size_t kWriteBytes = kFormMemory / 2;

Error in_part(const std::string& name, Error error) {
  error.message = "the part \"" + excerpt(name) + "\": " + error.message;
  return std::move(error).with("part", excerpt(name));
}

class FormReceiver {
 public:
  FormReceiver(Exchange& exchange, const AdmitPart& admit) : exchange_(exchange), admit_(admit) {}

  http::Task<Result<ReceivedForm>> receive() {
    auto boundary = http::multipart_boundary(exchange_.request.headers.get("Content-Type"));
    if (!boundary) co_return std::move(boundary).error();
    if (!exchange_.memory.try_resize(kFormMemory)) co_return overloaded("requests");
    http::MultipartReader reader(*boundary);
    bool done = false;
    for (;;) {
      auto more = exchange_.body->more();
      const Result<std::string_view> piece = co_await more;
      if (!piece) co_return piece.error();
      if (piece->empty()) break;
      reader.feed(*piece);
      auto taking = take_events(reader, done);
      const Result<void> taken = co_await taking;
      if (!taken) co_return taken.error();
    }
    if (!done) {
      co_return Error{problem_code::kMalformedMultipart,
                      "the body is not multipart/form-data: it ends before its last boundary"};
    }
    exchange_.memory.resize(2 * fields_);
    co_return std::move(form_);
  }

 private:
  http::Task<Result<void>> take_events(http::MultipartReader& reader, bool& done) {
    for (;;) {
      auto event = reader.next();
      if (std::holds_alternative<http::MultipartReader::NeedsMore>(event)) co_return Result<void>();
      if (auto* const error = std::get_if<Error>(&event)) co_return std::move(*error);
      if (std::holds_alternative<http::MultipartReader::Done>(event)) {
        done = true;
        co_return Result<void>();
      }
      Result<void> taken;
      if (auto* const begins = std::get_if<http::MultipartReader::PartBegins>(&event)) {
        auto beginning = begin(std::move(begins->header));
        taken = co_await beginning;
      } else if (const auto* const data = std::get_if<http::MultipartReader::PartData>(&event)) {
        auto adding = add(data->bytes);
        taken = co_await adding;
      } else if (upload_) {
        auto ending = end_file();
        taken = co_await ending;
      } else if (part_.is_list) {
        form_.lists[name_.substr(0, name_.size() - 2)].push_back(std::move(*buffer_));
      } else {
        form_.fields.emplace(std::move(name_), std::move(*buffer_));
      }
      if (!taken) co_return in_part(name_, taken.error());
    }
  }

  http::Task<Result<void>> begin(http::PartHeader header) {
    name_ = header.name;
    buffer_->clear();
    bytes_ = 0;
    if (form_.fields.contains(name_) || form_.files.contains(name_)) {
      co_return Error{problem_code::kMalformedMultipart, "it comes twice"};
    }
    auto admitted = admit_(header);
    if (!admitted) co_return std::move(admitted).error();
    part_ = *admitted;
    if (!part_.is_file) co_return Result<void>();
    if (part_.is_list) name_.insert(name_.size() - 1, std::to_string(listed_files_[name_]++));
    filename_ = header.filename.value_or("");
    media_type_ = header.content_type;
    if (media_type_.empty()) media_type_ = media_type_of_name(filename_);
    if (auto checked = check_type(); !checked) co_return checked;
    auto counting = begin_counting();
    Result<void> counted = co_await counting;
    if (!counted) co_return counted;
    auto beginning = with_files<Result<std::unique_ptr<FileUpload>>>(
        exchange_, [](FileStore& store) { return store.begin_upload(); });
    auto begun = co_await beginning;
    if (!begun) co_return std::move(begun).error();
    upload_ = exchange_.service.files.shared(std::move(*begun));
    co_return Result<void>();
  }

  // Before the first file: how much more its caller may keep.
  http::Task<Result<void>> begin_counting() {
    if (form_.under_way) co_return Result<void>();
    const std::string caller = caller_of(exchange_);
    if (auto share = exchange_.service.files.uploads().begin(caller)) {
      form_.under_way.emplace(std::move(*share));
    } else {
      const std::uint64_t most = exchange_.service.files.uploads().most_of_caller();
      exchange_.response.set_retry_after(std::chrono::seconds(1));
      co_return Error{problem_code::kTooManyConcurrent,
                      "the caller has " + std::to_string(most) + " uploads under way"}
          .with("limit", most);
    }
    if (quota_.max_bytes == 0) co_return Result<void>();
    auto listing = with_files<Result<std::vector<FileRecord>>>(
        exchange_, [caller](FileStore& store) { return store.list(caller, system_clock().now()); });
    const auto kept = co_await listing;
    if (!kept) co_return kept.error();
    left_ = quota_.max_bytes;
    for (const FileRecord& each : *kept) left_ -= std::min(left_, each.bytes);
    co_return Result<void>();
  }

  [[nodiscard]] Result<void> check_type() const {
    if (is_valid_media_type(media_type_) && is_media_type_in(media_type_, exchange_.options.files.types)) {
      return {};
    }
    std::string allowed;
    for (const std::string& type : exchange_.options.files.types)
      allowed += (allowed.empty() ? "" : ", ") + type;
    return Error{problem_code::kUnsupportedMediaType, allowed.empty()
                                                          ? "its Content-Type is no media type"
                                                          : "files here are of the type " + allowed}
        .with("received", excerpt(media_type_));
  }

  http::Task<Result<void>> add(std::string_view data) {
    bytes_ += data.size();
    if (bytes_ > part_.max_bytes) co_return http::body_too_large(static_cast<std::size_t>(part_.max_bytes));
    if (!upload_ && !reserve_field(data.size())) co_return overloaded("requests");
    *buffer_ += data;
    if (!upload_ || buffer_->size() < kWriteBytes) co_return Result<void>();
    auto writing = write();
    Result<void> written = co_await writing;
    co_return written;
  }

  // Fields stay in memory until the form is used, and a string may have room for twice what it holds.
  [[nodiscard]] bool reserve_field(std::size_t more) {
    constexpr std::size_t kFree = 16UL * 1024;  // of kFormMemory
    fields_ += more;
    return fields_ <= kFree || exchange_.memory.try_resize(kFormMemory + 2 * fields_);
  }

  http::Task<Result<void>> write() {
    if (!form_.under_way->try_add(buffer_->size(), left_)) {
      co_return Error{error_code::kFileQuotaExceeded,
                      "with this file, and others that it is sending, the caller would keep more than its " +
                          std::to_string(quota_.max_bytes) +
                          " bytes: remove some files (DELETE /v1/files/{id})"}
          .with("limit", quota_.max_bytes);
    }
    auto writing = with_files<Result<void>>(
        exchange_, [upload = upload_, bytes = buffer_](FileStore&) { return upload->append(*bytes); });
    Result<void> written = co_await writing;
    buffer_->clear();
    co_return written;
  }

  http::Task<Result<void>> end_file() {
    auto writing = write();
    Result<void> written = co_await writing;
    if (!written) co_return written;
    std::string().swap(*buffer_);
    form_.files.emplace(name_,
                        ReceivedFile{std::move(filename_), std::move(media_type_), std::move(upload_)});
    upload_.reset();
    co_return written;
  }

  Exchange& exchange_;
  const AdmitPart& admit_;
  const FileQuota quota_ = quota_of(exchange_);
  std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();  // of the quota, when the first file came
  ReceivedForm form_;
  std::size_t fields_ = 0;                                        // their bytes
  std::map<std::string, std::size_t, std::less<>> listed_files_;  // how many have come of a name
  // These belong to the part under way.
  std::string name_;
  FormPart part_;
  std::string filename_;
  std::string media_type_;
  // Of a field all of it, of a file what is not written yet. Shared with the thread that writes it.
  const std::shared_ptr<std::string> buffer_ = std::make_shared<std::string>();
  std::uint64_t bytes_ = 0;
  std::shared_ptr<FileUpload> upload_;  // of a file
};

}  // namespace

std::string caller_of(const Exchange& exchange) {
  return exchange.key == nullptr ? std::string() : exchange.key->caller();
}

FileQuota quota_of(const Exchange& exchange) {
  return file_quota(exchange.options.files, exchange.key == nullptr ? nullptr : &exchange.key->config());
}

http::Task<Result<ReceivedForm>> receive_form(Exchange& exchange, const AdmitPart& admit) {
  FormReceiver receiver(exchange, admit);
  auto receiving = receiver.receive();
  Result<ReceivedForm> form = co_await receiving;
  if (!form) exchange.memory.release();
  co_return form;
}

}  // namespace shunt::api
