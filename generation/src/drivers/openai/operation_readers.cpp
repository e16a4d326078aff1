// The operations whose answers mean nothing before they are whole.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "drivers/media_sniff.hpp"
#include "drivers/openai/answer_form.hpp"
#include "drivers/openai/answer_reader.hpp"
#include "drivers/openai/transcript_stream.hpp"
#include "drivers/openai/whole_body.hpp"
#include "shunt/base/base64.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/artifact_rules.hpp"

namespace shunt::generation::openai {
namespace {

// POST /embeddings: {"data": [{"embedding": [numbers] or base64}, ...], "model", "usage"}, kept as it is.
class EmbeddingsReader final : public WholeBodyReader {
 public:
  using WholeBodyReader::WholeBodyReader;

 private:
  static bool is_embedding(const Json& element) {
    if (!element.is_object()) return false;
    const Json* const vector = element.get_object().if_contains("embedding");
    if (vector == nullptr) return false;
    if (vector->is_string()) return !vector->get_string().empty();
    return vector->is_array() && !vector->get_array().empty() &&
           std::ranges::all_of(vector->get_array(), [](const Json& number) { return number.is_number(); });
  }

  Result<void> read(std::string body) override {
    auto document = read_object(body);
    if (!document) return std::move(document).error();
    const Json* const data = document->get_object().if_contains("data");
    if (data == nullptr || !data->is_array() || data->get_array().empty() ||
        !std::ranges::all_of(data->get_array(), is_embedding)) {
      return broken("is no list of embeddings (data[].embedding)", body);
    }
    result_ = std::move(*document);
    return {};
  }
};

// POST /images/generations: each data[].b64_json becomes an artifact.
class ImagesReader final : public WholeBodyReader {
 public:
  using WholeBodyReader::WholeBodyReader;

 private:
  Result<void> read(std::string body) override {
    auto document = read_object(body);
    if (!document) return std::move(document).error();
    JsonObject& answer = document->get_object();
    Json* const data = answer.if_contains("data");
    if (data == nullptr || !data->is_array() || data->get_array().empty()) {
      return broken("has no images (data)", body);
    }
    // The decoded images beside text and document.
    if (!hold(4 * body.size())) return driver_overload();
    for (Json& image : data->get_array()) {
      if (auto taken = take(image, body); !taken) return taken;
    }
    result_ = std::move(*document);
    return {};
  }

  Result<void> take(Json& image, std::string_view body) {
    JsonObject* const members = image.if_object();
    const Json* const text = members == nullptr ? nullptr : members->if_contains("b64_json");
    if (text == nullptr || !text->is_string()) {
      const bool address = members != nullptr && members->contains("url");
      return broken(address ? "has the image's address (url), which is not fetched: the server must be asked "
                              "for response_format \"b64_json\""
                            : "has an image without b64_json",
                    body);
    }
    auto bytes = parse_base64(text->get_string());
    if (!bytes || bytes->empty()) return broken("has an image whose b64_json is no base64", body);
    const std::string_view known = image_type_of(*bytes);
    const std::string type(known.empty() ? "application/octet-stream" : known);
    const std::string name =
        "image-" + std::to_string(artifacts_.size() + 1) + '.' + std::string(file_ending_of(type));
    artifacts_.push_back({name, type, std::make_shared<const std::string>(std::move(*bytes))});
    members->erase("b64_json");
    members->insert_or_assign("artifact", name);
    return {};
  }
};

// POST /audio/speech: the bytes are the artifact.
class SpeechReader final : public WholeBodyReader {
 public:
  using WholeBodyReader::WholeBodyReader;

 private:
  // Some servers say nothing better of their audio.
  [[nodiscard]] bool is_audio() const {
    return media_type_.starts_with("audio/") || media_type_ == "application/octet-stream";
  }

  Result<void> read(std::string body) override {
    if (!is_audio()) {
      if (media_type_ == "application/json") {
        if (auto document = read_object(body); !document) return std::move(document).error();
      }
      const std::string named = media_type_.empty() ? "no media type" : excerpt(media_type_, {100, {}});
      return broken("is " + named + " where audio was expected", body);
    }
    if (body.empty()) return broken("has no audio in it", body);
    const std::string type = is_valid_media_type(media_type_) ? media_type_ : "application/octet-stream";
    const std::string name = "speech." + std::string(file_ending_of(type));
    result_ = JsonObject{{"artifact", name}, {"media_type", type}, {"bytes", body.size()}};
    artifacts_.push_back({name, type, std::make_shared<const std::string>(std::move(body))});
    return {};
  }
};

// POST /audio/transcriptions and /audio/translations: {"text": ...}, or the text itself in one of several
// forms, as the request's response_format says.
class TranscriptReader final : public WholeBodyReader {
 public:
  using WholeBodyReader::WholeBodyReader;

  Result<void> finish(AnswerPieces& pieces) override {
    if (!text_.empty()) pieces.push_back(TextPiece{std::exchange(text_, {})});
    return {};
  }

 private:
  [[nodiscard]] bool is_text() const {
    if (media_type_ == "text/html") return false;
    return media_type_.starts_with("text/") || media_type_ == "application/x-subrip";
  }

  Result<void> read(std::string body) override {
    if (media_type_ == "application/json") return read_document(body);
    if (!is_text()) {
      const std::string named = media_type_.empty() ? "no media type" : excerpt(media_type_, {100, {}});
      return broken("is " + named + " where JSON or text was expected", body);
    }
    if (!is_valid_utf8(body)) return broken("is no text: it is not UTF-8", body);
    // What a server calls it goes into a record.
    result_ = JsonObject{{"media_type", is_valid_media_type(media_type_) ? media_type_ : "text/plain"}};
    text_ = std::move(body);
    return {};
  }

  Result<void> read_document(std::string_view body) {
    auto document = read_object(body);
    if (!document) return std::move(document).error();
    const Json* const text = document->get_object().if_contains("text");
    if (text == nullptr || !text->is_string()) return broken("has no text (text)", body);
    // The document and the text beside it.
    if (!hold(json_parse_memory(body) + body.size())) return driver_overload();
    text_ = text->get_string();
    result_ = std::move(*document);
    return {};
  }

  std::string text_;
};

}  // namespace

std::unique_ptr<BodyReader> make_body_reader(OpenAiOperation operation, std::string_view content_type,
                                             const ReaderLimits& limits, MemoryBudget& memory) {
  switch (operation) {
    case OpenAiOperation::kChat:
    case OpenAiOperation::kCompletions:
      break;
    case OpenAiOperation::kEmbeddings:
      return std::make_unique<EmbeddingsReader>(content_type, limits.quoting, memory);
    case OpenAiOperation::kSpeech:
      return std::make_unique<SpeechReader>(content_type, limits.quoting, memory);
    case OpenAiOperation::kTranscription:
    case OpenAiOperation::kTranslation:
      if (media_type_of(content_type) == "text/event-stream")
        return std::make_unique<TranscriptStreamReader>(limits.max_event_bytes, limits.quoting, memory);
      return std::make_unique<TranscriptReader>(content_type, limits.quoting, memory);
    case OpenAiOperation::kImages:
    case OpenAiOperation::kImageEdits:
      return std::make_unique<ImagesReader>(content_type, limits.quoting, memory);
  }
  return std::make_unique<AnswerReader>(content_type, limits.max_event_bytes, limits.quoting, memory);
}

}  // namespace shunt::generation::openai
