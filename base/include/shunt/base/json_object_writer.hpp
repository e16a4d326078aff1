#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"

namespace shunt::base {

// Appends one object's text to a string, member by member, without a tree. Names and texts may be any UTF-8.
// The constructor writes "{" and close() writes "}"; what is written between belongs to the object, so that
// an object within it has a writer of its own:
//
//   JsonObjectWriter outer(out);
//   JsonObjectWriter inner = outer.object("output");
//   inner.text("text", text);
//   inner.close();
//   outer.close();
//
// `out` outlives the writer. Not thread-safe.
class JsonObjectWriter {
 public:
  // A member's name. A literal is looked at by the compiler, so that it is written as it stands: most of what
  // is written of a short event is names.
  class Name {
   public:
    template <std::size_t Size>
    consteval Name(const char (&literal)[Size])  // NOLINT(google-explicit-constructor)
        : text_(literal, Size - 1), plain_(true) {
      for (const char c : text_) {
        if (c < ' ' || c == '"' || c == '\\') throw "this name needs escapes";
      }
    }
    Name(std::string_view text) noexcept : text_(text) {}  // NOLINT(google-explicit-constructor)

    void append_to(std::string& out) const {
      if (!plain_) return append_json_string(out, text_);
      out += '"';
      out += text_;
      out += '"';
    }

   private:
    std::string_view text_;
    bool plain_ = false;
  };

  explicit JsonObjectWriter(std::string& out) : out_(&out) { out += '{'; }

  void text(Name name, std::string_view value) { append_json_string(begin(name), value); }
  void json(Name name, const Json& value) { append_json(begin(name), value); }
  template <typename Integer>
    requires std::is_integral_v<Integer>
  void number(Name name, Integer value) {
    begin(name) += std::to_string(value);
  }
  void boolean(Name name, bool value) { begin(name) += value ? "true" : "false"; }
  // RFC 3339.
  void time(Name name, WallTime value) {
    std::string& out = begin(name);
    out += '"';
    append_rfc3339(out, value);
    out += '"';
  }
  [[nodiscard]] JsonObjectWriter object(Name name) { return JsonObjectWriter(begin(name)); }
  // All members of an object.
  void members(const JsonObject& object) {
    for (const auto& member : object) json(std::string_view(member.key()), member.value());
  }

  // Writes the name of a member. The caller appends its value to what is returned, before anything else.
  [[nodiscard]] std::string& begin(Name name) {
    if (!std::exchange(empty_, false)) *out_ += ',';
    name.append_to(*out_);
    *out_ += ':';
    return *out_;
  }

  void close() { *out_ += '}'; }

 private:
  std::string* out_;
  bool empty_ = true;
};

}  // namespace shunt::base
