#include "routes/form_receiver.hpp"

#include <utility>
#include <variant>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/artifact_rules.hpp"

namespace shunt::api {
namespace {

// What is written at once, and what a form takes of memory beside that: a piece of the body as it came and
// as it is taken apart.
constexpr std::size_t kWriteBytes = 256UL * 1024;
constexpr std::size_t kFormMemory = kWriteBytes + 256UL * 1024;

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
      } else {
        form_.fields.emplace(std::move(name_), std::move(buffer_));
      }
      if (!taken) co_return in_part(name_, taken.error());
    }
  }

  http::Task<Result<void>> begin(http::PartHeader header) {
    name_ = header.name;
    buffer_.clear();
    bytes_ = 0;
    if (form_.fields.contains(name_) || form_.files.contains(name_)) {
      co_return Error{problem_code::kMalformedMultipart, "it comes twice"};
    }
    auto admitted = admit_(header);
    if (!admitted) co_return std::move(admitted).error();
    part_ = *admitted;
    if (!part_.is_file) co_return Result<void>();
    filename_ = header.filename.value_or("");
    media_type_ = header.content_type;
    if (media_type_.empty()) media_type_ = media_type_of_name(filename_);
    if (auto checked = check_type(); !checked) co_return checked;
    auto beginning = with_files<Result<std::unique_ptr<FileUpload>>>(
        exchange_, [](FileStore& store) { return store.begin_upload(); });
    auto begun = co_await beginning;
    if (!begun) co_return std::move(begun).error();
    upload_ = std::move(*begun);
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
    buffer_ += data;
    if (!upload_ || buffer_.size() < kWriteBytes) co_return Result<void>();
    auto writing = write();
    Result<void> written = co_await writing;
    co_return written;
  }

  http::Task<Result<void>> write() {
    FileUpload* const upload = upload_.get();
    const std::string* const bytes = &buffer_;
    auto writing =
        with_files<Result<void>>(exchange_, [upload, bytes](FileStore&) { return upload->append(*bytes); });
    Result<void> written = co_await writing;
    buffer_.clear();
    co_return written;
  }

  http::Task<Result<void>> end_file() {
    auto writing = write();
    Result<void> written = co_await writing;
    if (!written) co_return written;
    std::string().swap(buffer_);
    form_.files.emplace(name_,
                        ReceivedFile{std::move(filename_), std::move(media_type_), std::move(upload_)});
    upload_.reset();
    co_return written;
  }

  Exchange& exchange_;
  const AdmitPart& admit_;
  ReceivedForm form_;
  // These belong to the part under way.
  std::string name_;
  FormPart part_;
  std::string filename_;
  std::string media_type_;
  std::string buffer_;  // of a field all of it, of a file what is not written yet
  std::uint64_t bytes_ = 0;
  std::unique_ptr<FileUpload> upload_;  // of a file
};

}  // namespace

http::Task<Result<ReceivedForm>> receive_form(Exchange& exchange, const AdmitPart& admit) {
  FormReceiver receiver(exchange, admit);
  auto receiving = receiver.receive();
  Result<ReceivedForm> form = co_await receiving;
  exchange.memory.release();
  co_return form;
}

}  // namespace shunt::api
