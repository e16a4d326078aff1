#include "drivers/openai/upstream_json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/parse_options.hpp>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "drivers/openai/delta_merge.hpp"
#include "drivers/openai/json_repair.hpp"
#include "shunt/base/json_number.hpp"

namespace shunt::generation::openai {
namespace {

namespace bj = boost::json;

constexpr std::size_t kMaxKeptDepth = 48;
constexpr std::size_t kMaxParsedDepth = 250;  // of members that nobody reads
constexpr std::size_t kMaxValues = 1'000'000;

// The members of the document itself: an answer, a chunk, or the ways to say that something went wrong.
constexpr std::array<std::string_view, 18> kDocumentMembers = {
    "base_resp", "choices", "code",   "detail",  "error", "error_code", "error_msg", "errors", "message",
    "model",     "object",  "status", "success", "text",  "type",       "usage",     "x_groq", "http_code"};
constexpr std::array<std::string_view, 8> kChoiceMembers = {"delta", "error",   "finish_reason", "index",
                                                            "text",  "message", "logprobs",      "usage"};

template <typename Names>
bool is_one_of(const Names& names, std::string_view key) {
  return std::ranges::find(names, key) != names.end();
}

// Builds the members that are read, and steps over the others.
class Picker {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  [[nodiscard]] Json release() { return std::move(root_); }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code& failure) { return open(JsonObject(), failure); }
  bool on_object_end(std::size_t, bj::error_code& failure) { return close(failure); }
  bool on_array_begin(bj::error_code& failure) { return open(JsonArray(), failure); }
  bool on_array_end(std::size_t, bj::error_code& failure) { return close(failure); }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    text_ += part;
    return true;
  }
  bool on_key(bj::string_view part, std::size_t, bj::error_code&) {
    text_ += part;
    if (skipped_ == 0) {
      wanted_ = wants(text_);
      open_.back().key = text_;
    }
    text_.clear();
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
    if (takes()) text_ += part;
    return true;
  }
  bool on_string(bj::string_view part, std::size_t, bj::error_code& failure) {
    if (!takes()) return left_out();
    text_ += part;
    return add(Json(std::exchange(text_, {})), failure);
  }
  bool on_number_part(bj::string_view part, bj::error_code&) {
    if (takes()) text_ += part;
    return true;
  }
  bool on_int64(std::int64_t number, bj::string_view, bj::error_code& failure) {
    text_.clear();
    const bool safe = number >= -kMaxSafeInteger && number <= kMaxSafeInteger;
    return add(safe ? Json(number) : Json(std::to_string(number)), failure);
  }
  bool on_uint64(std::uint64_t number, bj::string_view, bj::error_code& failure) {
    text_.clear();
    return add(Json(std::to_string(number)), failure);
  }
  bool on_double(double number, bj::string_view part, bj::error_code& failure) {
    const std::string token = std::exchange(text_, {}) + std::string(part);
    number = exact_number(token, number);
    // Beyond 2^53 a double is an integer whatever its token looks like, and may be written as one.
    const bool integer = token.find_first_of(".eE") == std::string::npos ||
                         (std::isfinite(number) && std::abs(number) > static_cast<double>(kMaxSafeInteger));
    if (integer) return add(Json(token), failure);
    return add(std::isfinite(number) ? Json(number) : Json(), failure);
  }
  bool on_bool(bool value, bj::error_code& failure) { return add(Json(value), failure); }
  bool on_null(bj::error_code& failure) { return add(Json(), failure); }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

 private:
  struct Level {
    Json value;
    std::string key{};  // of the member that is being read
  };

  [[nodiscard]] bool wants(std::string_view key) const {
    if (open_.back().value.get_object().size() >= kMaxMembers) return false;
    // A document may stand in an array, as Gemini's errors do.
    const bool in_array = open_.front().value.is_array();
    if (open_.size() == (in_array ? 2U : 1U)) return is_one_of(kDocumentMembers, key);
    const bool in_choice =
        open_.size() == 3 && !in_array && open_.front().key == "choices" && open_[1].value.is_array();
    return !in_choice || is_one_of(kChoiceMembers, key);
  }
  [[nodiscard]] bool takes() const { return skipped_ == 0 && (wanted_ || open_.empty()); }
  bool left_out() {
    if (skipped_ == 0) wanted_ = !in_object();
    return true;
  }
  [[nodiscard]] bool in_object() const { return !open_.empty() && open_.back().value.is_object(); }

  bool open(Json container, bj::error_code& failure) {
    if (!takes() || open_.size() >= kMaxKeptDepth) {
      ++skipped_;
      return true;
    }
    if (!count(failure)) return false;
    open_.push_back({std::move(container)});
    wanted_ = !in_object();
    return true;
  }
  bool close(bj::error_code& failure) {
    if (skipped_ > 0) {
      --skipped_;
      return left_out();
    }
    Json value = std::move(open_.back().value);
    open_.pop_back();
    wanted_ = true;
    return put(std::move(value), failure);
  }
  bool add(Json value, bj::error_code& failure) {
    if (!takes()) return left_out();
    return count(failure) && put(std::move(value), failure);
  }
  bool put(Json value, bj::error_code&) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().value.is_object()) {
      open_.back().value.get_object()[open_.back().key] = std::move(value);
    } else {
      open_.back().value.get_array().push_back(std::move(value));
    }
    wanted_ = !in_object();
    return true;
  }
  bool count(bj::error_code& failure) {
    if (++values_ <= kMaxValues) return true;
    failure = bj::error::array_too_large;
    return false;
  }

  std::vector<Level> open_;
  Json root_;
  std::string text_;
  bool wanted_ = true;       // the value that comes next
  std::size_t skipped_ = 0;  // levels inside a container that is stepped over
  std::size_t values_ = 0;
};

struct ReadDocument {
  Json value;
  std::size_t end = 0;
};

Result<ReadDocument> read_document(std::string_view text) {
  bj::parse_options options;
  options.max_depth = kMaxParsedDepth;
  options.allow_invalid_utf8 = true;
  bj::basic_parser<Picker> parser(options);
  bj::error_code failure;
  const std::size_t end = parser.write_some(false, text.data(), text.size(), failure);
  if (failure == bj::error::array_too_large) {
    return invalid_field("", "more than " + std::to_string(kMaxValues) + " values in one document",
                         "invalid_json");
  }
  if (failure) {
    return invalid_field("", "not valid JSON: " + failure.message() + " at byte " + std::to_string(end),
                         "invalid_json");
  }
  return ReadDocument{parser.handler().release(), end};
}

std::string_view without_space(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

Result<UpstreamDocuments> read_documents(std::string_view text) {
  UpstreamDocuments read;
  do {
    auto document = read_document(text);
    if (!document) return std::move(document).error();
    read.documents.push_back(std::move(document->value));
    text = without_space(text.substr(document->end));
    if (text.starts_with("data:")) text = without_space(text.substr(5));
    if (text.starts_with("[DONE]")) {
      read.done = true;
      return read;
    }
  } while (text.starts_with('{'));
  read.excess = !text.empty();
  return read;
}

}  // namespace

Result<UpstreamDocuments> read_upstream_json(std::string_view text) {
  auto read = read_documents(text);
  if (read) return read;
  const std::optional<std::string> repaired = repaired_json(text);
  if (!repaired) return read;
  auto again = read_documents(*repaired);
  // The first error names a place in what the server sent.
  if (!again) return read;
  again->repaired = true;
  return again;
}

Json with_valid_texts(const Json& value) {
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    return is_valid_utf8(text) ? value : Json(to_valid_utf8(text));
  }
  if (value.is_array()) {
    JsonArray array;
    array.reserve(value.get_array().size());
    for (const Json& element : value.get_array()) array.push_back(with_valid_texts(element));
    return array;
  }
  if (!value.is_object()) return value;
  JsonObject object;
  for (const auto& [key, member] : value.get_object()) {
    object[to_valid_utf8(key)] = with_valid_texts(member);
  }
  return object;
}

}  // namespace shunt::generation::openai
