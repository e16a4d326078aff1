#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <vector>

#include "json_member_guard.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/json_number.hpp"
#include "shunt/base/json_take_apart.hpp"

namespace shunt::base {
namespace {

namespace bj = boost::json;

bool is_safe(std::int64_t number) {
  return number >= -kMaxSafeInteger && number <= kMaxSafeInteger;
}

// Builds the value, and notes what Boost.JSON accepts and we do not. The notes cost almost nothing; where a
// document has one, a second, slower look finds the place.
class Builder {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  explicit Builder(bj::storage_ptr storage) : stack_({}, scratch_, sizeof scratch_) {
    stack_.reset(std::move(storage));
  }

  void set_max_members(std::size_t limit) { members_.set_limit(limit); }
  [[nodiscard]] const MemberGuard& members() const { return members_; }

  [[nodiscard]] bool saw_unsafe_number() const { return unsafe_number_; }
  [[nodiscard]] std::size_t keys() const { return keys_; }
  [[nodiscard]] Json release() { return stack_.release(); }

  bool on_document_begin(boost::system::error_code&) { return true; }
  bool on_document_end(boost::system::error_code&) { return true; }
  bool on_object_begin(boost::system::error_code&) {
    members_.open();
    return true;
  }
  bool on_object_end(std::size_t n, boost::system::error_code& failure) {
    if (!members_.close()) {
      failure = bj::error::object_too_large;
      return false;
    }
    stack_.push_object(n);
    return true;
  }
  bool on_array_begin(boost::system::error_code&) { return true; }
  bool on_array_end(std::size_t n, boost::system::error_code&) {
    stack_.push_array(n);
    return true;
  }
  bool on_key_part(bj::string_view s, std::size_t, boost::system::error_code&) {
    members_.add_part({s.data(), s.size()});
    stack_.push_chars(s);
    return true;
  }
  bool on_key(bj::string_view s, std::size_t, boost::system::error_code& failure) {
    if (!members_.add({s.data(), s.size()})) {
      failure = bj::error::object_too_large;
      return false;
    }
    ++keys_;
    stack_.push_key(s);
    return true;
  }
  bool on_string_part(bj::string_view s, std::size_t, boost::system::error_code&) {
    stack_.push_chars(s);
    return true;
  }
  bool on_string(bj::string_view s, std::size_t, boost::system::error_code&) {
    stack_.push_string(s);
    return true;
  }
  bool on_number_part(bj::string_view, boost::system::error_code&) { return true; }
  bool on_int64(std::int64_t number, bj::string_view, boost::system::error_code&) {
    unsafe_number_ |= !is_safe(number);
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, bj::string_view, boost::system::error_code&) {
    unsafe_number_ = true;
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double number, bj::string_view token, boost::system::error_code&) {
    // Without a point or an exponent it was meant as an integer, and one that no int64 holds.
    const bool integer = token.find_first_of(".eE") == bj::string_view::npos;
    unsafe_number_ |= integer || !std::isfinite(number);
    // Beyond a double's range Boost.JSON's infinity or zero stands.
    number = exact_number(token, number);
    // The largest uint64 stands for it, which the slow look finds again.
    if (integer) {
      stack_.push_uint64(std::uint64_t(-1));
    } else {
      stack_.push_double(number);
    }
    return true;
  }
  bool on_bool(bool b, boost::system::error_code&) {
    stack_.push_bool(b);
    return true;
  }
  bool on_null(boost::system::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(bj::string_view, boost::system::error_code&) { return true; }
  bool on_comment(bj::string_view, boost::system::error_code&) { return true; }

 private:
  unsigned char scratch_[2048];
  bj::value_stack stack_;
  MemberGuard members_;
  std::size_t keys_ = 0;
  bool unsafe_number_ = false;
};

std::size_t count_members(const Json& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const Json& element : *array) count += count_members(element);
  }
  return count;
}

// Finds the first key that an object has twice. Runs only when there is one.
class DuplicateFinder {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  [[nodiscard]] const std::string& key() const { return key_; }

  bool on_document_begin(boost::system::error_code&) { return true; }
  bool on_document_end(boost::system::error_code&) { return true; }
  bool on_object_begin(boost::system::error_code&) {
    open_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, boost::system::error_code&) {
    open_.pop_back();
    return true;
  }
  bool on_array_begin(boost::system::error_code&) { return true; }
  bool on_array_end(std::size_t, boost::system::error_code&) { return true; }
  bool on_key_part(bj::string_view s, std::size_t, boost::system::error_code&) {
    key_ += s;
    return true;
  }
  bool on_key(bj::string_view s, std::size_t, boost::system::error_code& failure) {
    key_ += s;
    if (!open_.back().insert(key_).second) {
      failure = bj::error::syntax;
      return false;
    }
    key_.clear();
    return true;
  }
  bool on_string_part(bj::string_view, std::size_t, boost::system::error_code&) { return true; }
  bool on_string(bj::string_view, std::size_t, boost::system::error_code&) { return true; }
  bool on_number_part(bj::string_view, boost::system::error_code&) { return true; }
  bool on_int64(std::int64_t, bj::string_view, boost::system::error_code&) { return true; }
  bool on_uint64(std::uint64_t, bj::string_view, boost::system::error_code&) { return true; }
  bool on_double(double, bj::string_view, boost::system::error_code&) { return true; }
  bool on_bool(bool, boost::system::error_code&) { return true; }
  bool on_null(boost::system::error_code&) { return true; }
  bool on_comment_part(bj::string_view, boost::system::error_code&) { return true; }
  bool on_comment(bj::string_view, boost::system::error_code&) { return true; }

 private:
  std::vector<std::set<std::string>> open_;
  std::string key_;
};

bj::parse_options strict_options(const JsonLimits& limits) {
  bj::parse_options options;
  options.max_depth = static_cast<unsigned char>(limits.max_depth < 255 ? limits.max_depth : 255);
  return options;
}

Error duplicate_key(std::string_view text, const JsonLimits& limits) {
  bj::basic_parser<DuplicateFinder> parser(strict_options(limits));
  boost::system::error_code failure;
  const std::size_t offset = parser.write_some(false, text.data(), text.size(), failure);
  return invalid_field("",
                       "the key \"" + excerpt(parser.handler().key()) +
                           "\" stands twice in one object, near byte " + std::to_string(offset),
                       "duplicate_key")
      .with("key", excerpt(parser.handler().key()))
      .with("offset", offset);
}

std::string describe_place(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "at the end of the text";
  std::string_view rest = text.substr(offset, 16);
  for (const std::string_view name : {"NaN", "Infinity", "-Infinity"}) {
    if (rest.starts_with(name)) return "at " + std::string(name) + ", which is no JSON number";
  }
  return "at \"" + to_valid_utf8(rest.substr(0, utf8_complete_prefix(rest))) + '"';
}

// Boost.JSON stops inside a literal; people look for its start.
std::size_t start_of_word(std::string_view text, std::size_t offset) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; };
  while (offset > 0 && offset <= text.size() && is_letter(text[offset - 1])) --offset;
  return offset;
}

Error members_error(const MemberGuard& members, std::size_t offset) {
  if (members.colliding()) {
    return invalid_field("",
                         "the member names of an object, near byte " + std::to_string(offset) +
                             ", collide as if they were made to: use other names",
                         "colliding_members")
        .with("offset", offset);
  }
  return invalid_field("",
                       "an object may have at most " + std::to_string(members.limit()) +
                           " members; one has more, at byte " + std::to_string(offset),
                       "too_many_members")
      .with("limit", members.limit())
      .with("offset", offset);
}

Error syntax_error(std::string_view text, std::size_t offset, const boost::system::error_code& failure,
                   const JsonLimits& limits) {
  if (failure == bj::error::too_deep) {
    return invalid_field("", "JSON is nested deeper than " + std::to_string(limits.max_depth) + " levels",
                         "json_too_deep")
        .with("limit", limits.max_depth)
        .with("offset", offset);
  }
  if (const std::size_t bad = valid_utf8_prefix(text); bad < text.size()) {
    return invalid_field("", "invalid UTF-8 at byte " + std::to_string(bad), "invalid_utf8")
        .with("offset", bad);
  }
  const std::size_t place = start_of_word(text, offset);
  return invalid_field("",
                       "not valid JSON: " + failure.message() + " at byte " + std::to_string(place) + ", " +
                           describe_place(text, place),
                       "invalid_json")
      .with("offset", place);
}

void append_pointer_token(std::string& pointer, std::string_view token) {
  pointer += '/';
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

// A step of the path to a value, on the stack of the function that took it: a pointer is only written where
// something is wrong.
struct Step {
  const Step* outer;
  std::optional<std::string_view> key;  // none: an element
  std::size_t index = 0;
};

// Walks a value with the path to it, for the first thing wrong.
class Checker {
 public:
  Checker(std::string_view pointer, const JsonLimits& limits) : start_(pointer), limits_(limits) {}

  Result<void> check(const Json& value, std::size_t depth, const Step* path = nullptr) const {
    switch (value.kind()) {
      case bj::kind::int64:
        return is_safe(value.get_int64()) ? Result<void>()
                                          : out_of_range(path, std::to_string(value.get_int64()));
      case bj::kind::uint64:
        if (value.get_uint64() <= static_cast<std::uint64_t>(kMaxSafeInteger)) return {};
        return out_of_range(path, value.get_uint64() == std::uint64_t(-1)
                                      ? "a larger integer"
                                      : std::to_string(value.get_uint64()));
      case bj::kind::double_:
        return std::isfinite(value.get_double()) ? Result<void>() : not_finite(path, value.get_double());
      case bj::kind::string:
        return is_valid_utf8(value.get_string()) ? Result<void>() : invalid_text(path, "a string");
      case bj::kind::array:
        return check_array(value.get_array(), depth, path);
      case bj::kind::object:
        return check_object(value.get_object(), depth, path);
      case bj::kind::null:
      case bj::kind::bool_:
        break;
    }
    return {};
  }

 private:
  Result<void> check_array(const JsonArray& array, std::size_t depth, const Step* path) const {
    if (depth >= limits_.max_depth) return too_deep(path);
    Step step{.outer = path, .key = std::nullopt};
    for (std::size_t i = 0; i < array.size(); ++i) {
      step.index = i;
      if (auto checked = check(array[i], depth + 1, &step); !checked) return checked;
    }
    return {};
  }

  Result<void> check_object(const JsonObject& object, std::size_t depth, const Step* path) const {
    if (depth >= limits_.max_depth) return too_deep(path);
    Step step{.outer = path, .key = std::nullopt};
    for (const auto& member : object) {
      if (!is_valid_utf8(member.key())) return invalid_text(path, "a key");
      step.key = member.key();
      if (auto checked = check(member.value(), depth + 1, &step); !checked) return checked;
    }
    return {};
  }

  static void append_path(std::string& pointer, const Step* step) {
    if (step == nullptr) return;
    append_path(pointer, step->outer);
    append_pointer_token(pointer, step->key ? std::string(*step->key) : std::to_string(step->index));
  }
  [[nodiscard]] std::string pointer_to(const Step* path) const {
    std::string pointer(start_);
    append_path(pointer, path);
    return pointer;
  }
  [[nodiscard]] Error out_of_range(const Step* path, const std::string& received) const {
    return invalid_field(pointer_to(path),
                         "integers must lie within +-9007199254740991 (2^53 - 1), got " + received +
                             "; send larger ones as strings",
                         "number_out_of_range")
        .with("limit", kMaxSafeInteger)
        .with("received", received);
  }
  [[nodiscard]] Error not_finite(const Step* path, double number) const {
    const std::string received = std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
    return invalid_field(pointer_to(path), "numbers must be finite, got " + received, "number_out_of_range")
        .with("received", received);
  }
  [[nodiscard]] Error invalid_text(const Step* path, std::string_view what) const {
    return invalid_field(pointer_to(path), std::string(what) + " is not valid UTF-8", "invalid_utf8");
  }
  [[nodiscard]] Error too_deep(const Step* path) const {
    return invalid_field(pointer_to(path),
                         "JSON is nested deeper than " + std::to_string(limits_.max_depth) + " levels",
                         "json_too_deep")
        .with("limit", limits_.max_depth);
  }

  std::string_view start_;
  const JsonLimits& limits_;
};

// Texts up to here are taken apart in one piece of memory. It is small beside what a request may hold without
// asking, since what is kept of them is there twice for a moment.
constexpr std::size_t kSmallDocument = 1024;

// The memory of one small document: what does not fit is allocated.
class SmallDocument final : public bj::memory_resource {
 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    return memory_.allocate(bytes, alignment);
  }
  void do_deallocate(void*, std::size_t, std::size_t) override {}  // all of it goes together
  bool do_is_equal(const bj::memory_resource& other) const noexcept override { return this == &other; }

  unsigned char first_[2048];
  bj::monotonic_resource memory_{first_, sizeof first_};
};

Result<Json> parse(std::string_view text, const JsonLimits& limits, bj::storage_ptr storage) {
  bj::basic_parser<Builder> parser(strict_options(limits), std::move(storage));
  parser.handler().set_max_members(limits.max_members);
  boost::system::error_code failure;
  std::size_t offset = parser.write_some(false, text.data(), text.size(), failure);
  if (!failure && offset < text.size()) failure = bj::error::extra_data;
  if (failure == bj::error::object_too_large) return members_error(parser.handler().members(), offset);
  if (failure) return syntax_error(text, offset, failure, limits);
  Json value = parser.handler().release();
  if (parser.handler().saw_unsafe_number()) {
    if (auto checked = check_json(value, "", limits); !checked) return std::move(checked).error();
  }
  if (parser.handler().keys() != count_members(value)) return duplicate_key(text, limits);
  return value;
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  return parse(text, limits, {});
}

Result<Json> parse_json_to_take_apart(std::string_view text, const JsonLimits& limits) {
  if (text.size() > kSmallDocument) return parse_json(text, limits);
  return parse(text, limits, bj::make_shared_resource<SmallDocument>());
}

Result<void> check_json(const Json& value, std::string_view pointer, const JsonLimits& limits) {
  return Checker(pointer, limits).check(value, 0);
}

}  // namespace shunt::base
