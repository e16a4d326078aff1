#include "drivers/openai/operation_form.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation::openai {
namespace {

constexpr const char* kImage = "image";
constexpr std::string_view kFurtherImage = "image_";  // and a number from 2 on

// Within quotes, as the HTML standard has it for forms: these three would end the name or its line.
void append_quoted(std::string& out, std::string_view name) {
  out += '"';
  for (const char c : name) {
    if (c == '"') {
      out += "%22";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  out += '"';
}

class FormWriter {
 public:
  FormWriter(std::size_t room, std::string_view boundary) : line_("--" + std::string(boundary)) {
    out_.reserve(room);
  }

  void add_value(const std::string& name, const Json& value) {
    if (value.is_null()) return;
    if (const JsonArray* const list = value.if_array()) {
      for (const Json& element : *list) add_value(name + "[]", element);
    } else if (const JsonObject* const members = value.if_object()) {
      for (const auto& [key, member] : *members) add_value(name + '[' + std::string(key) + ']', member);
    } else {
      begin(name);
      out_ += "\r\n\r\n";
      out_ += value.is_string() ? std::string(value.get_string()) : to_json_text(value);
      out_ += "\r\n";
    }
  }

  void add_file(const std::string& name, const FileReference& file, std::string_view bytes) {
    begin(name);
    // Servers tell a sound's format by the ending of its name.
    const std::string named =
        file.filename.empty() ? name.substr(0, name.find('[')) + std::string(file_extension(file.media_type))
                              : file.filename;
    out_ += "; filename=";
    append_quoted(out_, named);
    out_.append("\r\nContent-Type: ").append(file.media_type).append("\r\n\r\n");
    out_.append(bytes).append("\r\n");
  }

  [[nodiscard]] std::string finish() {
    out_.append(line_).append("--\r\n");
    return std::move(out_);
  }

 private:
  void begin(std::string_view name) {
    out_.append(line_).append("\r\nContent-Disposition: form-data; name=");
    append_quoted(out_, name);
  }

  const std::string line_;
  std::string out_;
};

// 2 of "image_2"; 0: it is no such name.
std::size_t further_image(std::string_view member) {
  constexpr std::size_t kFirst = 2;
  if (!member.starts_with(kFurtherImage)) return 0;
  member.remove_prefix(kFurtherImage.size());
  std::size_t number = 0;
  const auto [end, fault] = std::from_chars(member.data(), member.data() + member.size(), number);
  const bool whole = fault == std::errc() && end == member.data() + member.size() && !member.starts_with('0');
  return whole && number >= kFirst && number <= kMaxInputFiles ? number : 0;
}

// In the order in which they are sent, with the names that the server knows: several images are a list.
std::vector<std::pair<std::string, std::string>> parts_of(const InputFiles& files,
                                                          OpenAiOperation operation) {
  std::vector<std::pair<std::size_t, std::string>> ordered;
  for (const auto& [member, file] : files) ordered.emplace_back(further_image(member), member);
  std::ranges::sort(ordered);
  const bool several =
      operation == OpenAiOperation::kImageEdits && !ordered.empty() && ordered.back().first > 0;
  std::vector<std::pair<std::string, std::string>> parts;
  for (auto& [number, member] : ordered) {
    const bool listed = several && (number > 0 || member == kImage);
    parts.emplace_back(listed ? std::string(kImage) + "[]" : member, member);
  }
  return parts;
}

// Only a plain text comes in pieces.
bool streams_transcript(const JsonObject& input, const OpenAiOptions& upstream) {
  if (upstream.operation != OpenAiOperation::kTranscription || !upstream.stream_transcripts) return false;
  const Json* const format = input.if_contains("response_format");
  return format == nullptr || format->is_null() || *format == "json" || *format == "text";
}

Error wrong_file(const std::string& member, std::string message) {
  return invalid_field("/input/" + member, "input." + member + ' ' + std::move(message),
                       error_code::kInvalidInput);
}

}  // namespace

Result<void> check_operation_files(OpenAiOperation operation, const InputFiles& files) {
  if (!sends_form(operation)) return {};
  const bool images = operation == OpenAiOperation::kImageEdits;
  const std::string needed = images ? kImage : "file";
  for (const auto& [member, file] : files) {
    const bool is_further = images && (member == "mask" || further_image(member) > 0);
    if (member != needed && !is_further)
      return wrong_file(member, "is a file, and this operation sends none of that name");
  }
  if (!files.contains(needed)) return wrong_file(needed, "must be a file");
  return {};
}

Result<Json> form_input_with_files(FileSource& source, const GenerationRequest& request,
                                   std::stop_token stop) {
  Json made = request.input;
  for (const auto& [member, file] : request.files) {
    Json& bytes = made.as_object()[member];
    auto& text = bytes.emplace_string();
    text.reserve(static_cast<std::size_t>(file.bytes));
    auto read = source.read_all(file, [&](std::string_view piece) -> Result<void> {
      if (stop.stop_requested()) return Error{error_code::kFileStoreFailed, "nobody wants the file any more"};
      text.append(piece);
      return {};
    });
    if (!read) return std::move(read).error();
  }
  return made;
}

std::string form_request_body(const Json& input, const InputFiles& files, const OpenAiOptions& upstream,
                              const std::string& boundary) {
  constexpr std::size_t kHead = 4096;
  std::size_t room = kHead;
  for (const auto& [member, file] : files) room += static_cast<std::size_t>(file.bytes) + kHead;
  FormWriter form(room, boundary);
  form.add_value("model", Json(upstream.model));
  for (const auto& [key, value] : input.get_object()) {
    const std::string name(key);
    if (!files.contains(name)) form.add_value(name, value);
  }
  for (const auto& [name, member] : parts_of(files, upstream.operation)) {
    form.add_file(name, files.at(member), input.get_object().at(member).get_string());
  }
  if (upstream.operation == OpenAiOperation::kImageEdits && upstream.ask_for_base64 &&
      !input.get_object().contains("response_format")) {
    form.add_value("response_format", Json("b64_json"));
  }
  if (streams_transcript(input.get_object(), upstream)) form.add_value("stream", Json("true"));
  return form.finish();
}

}  // namespace shunt::generation::openai
