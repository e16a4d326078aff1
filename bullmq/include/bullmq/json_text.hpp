#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// Values of the program as JSON texts, and back. A type takes part when it has a JsonConversion:
//   - bullmq/json.hpp gives one to every type that Boost.JSON converts (tag_invoke, BOOST_DESCRIBE, standard
//     containers, boost::json::value);
//   - bullmq/nlohmann.hpp gives one to every other type that nlohmann/json converts (to_json, from_json);
//   - a program may specialise it for a type of its own.
// Include the header that a type needs before the type is first used as data, in every file that does so.
namespace bullmq {

// A text that has been checked to be JSON (RFC 8259) in UTF-8.
class JsonText {
 public:
  // Throws ValidationError, which says where the text stops being JSON.
  explicit JsonText(std::string text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // NOLINTNEXTLINE(google-explicit-constructor): it is a text wherever one is wanted.
  operator std::string() const& { return text_; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator std::string() && { return std::move(text_); }
  bool operator==(const JsonText&) const = default;

 private:
  std::string text_;
};

// How a type is written as JSON and read:
//   static std::string write(const T& value);
//   static T read(std::string_view json);      // throws JsonError
template <typename T>
struct JsonConversion;

template <typename T>
concept JsonWritable = requires(const T& value) {
  { JsonConversion<T>::write(value) } -> std::same_as<std::string>;
};
template <typename T>
concept JsonReadable = requires(std::string_view json) {
  { JsonConversion<T>::read(json) } -> std::same_as<T>;
};

namespace detail {

template <typename T>
concept TextLike = std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::nullptr_t>;
// What an add takes as a value: a text is JSON already, and is checked instead.
template <typename T>
concept DataValue = !TextLike<T> && !std::same_as<std::remove_cvref_t<T>, JsonText>;
[[nodiscard]] std::string quoted_text(std::string_view text);

}  // namespace detail

// A text becomes a JSON string, so that to_json_text("a") is "\"a\"". Bytes that are no UTF-8 become U+FFFD:
// a job with a broken text in it is better than no job. Throws JsonError for a value that its conversion
// refuses and ValidationError for what the conversion wrote when that is no JSON.
template <typename T>
[[nodiscard]] JsonText to_json_text(const T& value) {
  if constexpr (detail::TextLike<T>) {
    return JsonText(detail::quoted_text(value));
  } else if constexpr (std::same_as<T, std::nullptr_t>) {
    return JsonText("null");
  } else {
    static_assert(JsonWritable<T>,
                  "bullmq: this type has no conversion to JSON; include bullmq/json.hpp and give it a "
                  "tag_invoke of Boost.JSON, or bullmq/nlohmann.hpp and a to_json");
    if constexpr (JsonWritable<T>) return JsonText(JsonConversion<T>::write(value));
    return JsonText("null");
  }
}

// Throws JsonError when the text is no JSON, or is not what T is made of.
template <typename T>
[[nodiscard]] T from_json_text(std::string_view json) {
  static_assert(
      JsonReadable<T>,
      "bullmq: this type cannot be made of JSON; include bullmq/json.hpp and give it a tag_invoke of "
      "Boost.JSON, or bullmq/nlohmann.hpp and a from_json");
  return JsonConversion<T>::read(json);
}

}  // namespace bullmq
