#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"

namespace shunt {

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
  explicit JsonObjectWriter(std::string& out) : out_(&out) { out += '{'; }

  void text(std::string_view name, std::string_view value) { append_json_string(begin(name), value); }
  void json(std::string_view name, const Json& value) { append_json(begin(name), value); }
  template <typename Integer>
    requires std::is_integral_v<Integer>
  void number(std::string_view name, Integer value) {
    begin(name) += std::to_string(value);
  }
  void boolean(std::string_view name, bool value) { begin(name) += value ? "true" : "false"; }
  // RFC 3339.
  void time(std::string_view name, WallTime value) {
    std::string& out = begin(name);
    out += '"';
    append_rfc3339(out, value);
    out += '"';
  }
  [[nodiscard]] JsonObjectWriter object(std::string_view name) { return JsonObjectWriter(begin(name)); }
  // All members of an object.
  void members(const JsonObject& object) {
    for (const auto& member : object) json(member.key(), member.value());
  }

  // Writes the name of a member. The caller appends its value to what is returned, before anything else.
  [[nodiscard]] std::string& begin(std::string_view name) {
    if (!std::exchange(empty_, false)) *out_ += ',';
    append_json_string(*out_, name);
    *out_ += ':';
    return *out_;
  }

  void close() { *out_ += '}'; }

 private:
  std::string* out_;
  bool empty_ = true;
};

}  // namespace shunt
