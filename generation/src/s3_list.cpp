#include "s3_list.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "shunt/base/hex.hpp"

namespace shunt::generation::s3 {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// Ours need no escape of XML and no encoding.
bool may_be_ours(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return is_unreserved(c) || c == '/'; });
}

void append_encoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto value = static_cast<unsigned char>(c);
      out += '%';
      out += hex_digit(value / 16, HexCase::kUpper);
      out += hex_digit(value % 16, HexCase::kUpper);
    }
  }
}

// What is between <NAME> and the next </NAME>, off the front of `rest`; nothing: there is none more.
std::optional<std::string_view> take_element(std::string_view& rest, std::string_view name) {
  const std::string begin = '<' + std::string(name) + '>';
  const std::string end = "</" + std::string(name) + '>';
  const std::size_t from = rest.find(begin);
  if (from == std::string_view::npos) return std::nullopt;
  const std::size_t to = rest.find(end, from + begin.size());
  if (to == std::string_view::npos) return std::nullopt;
  const std::string_view inside = rest.substr(from + begin.size(), to - from - begin.size());
  rest.remove_prefix(to + end.size());
  return inside;
}

// nullopt: it says neither, or both.
std::optional<bool> is_truncated(std::string_view text) {
  const auto word = take_element(text, "IsTruncated");
  if (!word || take_element(text, "IsTruncated")) return std::nullopt;
  if (*word == "true") return true;
  return *word == "false" ? std::optional(false) : std::nullopt;
}

// What is wrong with a list is a sentence of ours; of the server's nothing is quoted.
Error not_believed(const Bucket& bucket, std::string_view why) {
  return Error{bucket.kind.failed, "the bucket answered a list that " + std::string(why)}.with_internal(
      place_of(bucket));
}

constexpr std::string_view kNoList = "is none, or not whole";

}  // namespace

std::string list_query(const ListQuestion& question) {
  std::string query = "list-type=2&max-keys=" + std::to_string(question.most) + "&prefix=";
  append_encoded(query, question.prefix);
  if (!question.after.empty()) {
    query += "&start-after=";
    append_encoded(query, question.after);
  }
  return query;
}

Result<NameList> listed(const Answer& answer, const Bucket& bucket, const ListQuestion& question) {
  if (!answer.complete || answer.status != 200) return not_done("listing names of", answer, bucket);
  std::string_view rest = answer.body;
  const auto more = is_truncated(rest);
  if (!more || rest.find("<ListBucketResult") == std::string_view::npos ||
      rest.find("</ListBucketResult>") == std::string_view::npos) {
    return not_believed(bucket, kNoList);
  }
  NameList list{.more = *more};
  std::string last = question.after;
  std::size_t count = 0;
  while (auto object = take_element(rest, "Contents")) {
    const auto name = take_element(*object, "Key");
    if (!name || take_element(*object, "Key")) return not_believed(bucket, kNoList);
    if (++count > question.most) return not_believed(bucket, "has more names than were asked for");
    if (!name->starts_with(question.prefix)) return not_believed(bucket, "has names that were not asked for");
    if (!may_be_ours(*name)) continue;
    if (!last.empty() && *name <= last) return not_believed(bucket, "is not in the order of its names");
    last = *name;
    list.names.push_back(last);
  }
  if (rest.find("<Contents") != std::string_view::npos) return not_believed(bucket, kNoList);
  // The next question would be this one again.
  if (list.more && list.names.empty()) return not_believed(bucket, "goes on after no name");
  return list;
}

}  // namespace shunt::generation::s3
