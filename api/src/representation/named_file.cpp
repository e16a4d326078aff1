#include "representation/named_file.hpp"

#include <algorithm>
#include <utility>

#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/url_hosts.hpp"
#include "shunt/http/ascii.hpp"
#include "shunt/http/fetch.hpp"

namespace shunt::api {
namespace {

bool has_scheme(std::string_view text, std::string_view scheme) {
  return text.size() > scheme.size() && text[scheme.size()] == ':' &&
         http::equals_ignoring_case(text.substr(0, scheme.size()), scheme);
}

Error not_a_file(std::string_view member, const InputRule& rule) {
  std::string what = R"(must be {"file": "file-..."}, an uploaded file's id, or a part of the form)";
  for (const InputRule::Url url : rule.urls) {
    what += ", or a URL that begins with \"" + std::string(url_scheme(url)) + ":\"";
  }
  return invalid_member(member, what).with("rule", std::string("type"));
}

Result<NamedFile> read_data_url(std::string_view member, std::string_view url) {
  auto read = http::parse_data_url(url);
  if (!read) return not_fetched_for(member, std::move(read).error());
  if (!is_valid_media_type(read->media_type)) {
    return not_fetched_for(member, {http::kNotFetched, "it is no data: URL: it begins with no media type"});
  }
  return NamedFile(InlineFile{std::move(read->media_type), std::move(read->bytes)});
}

Result<NamedFile> read_named(std::string_view member, const InputRule& rule, const Json& value) {
  if (const auto* const text = value.if_string()) {
    for (const InputRule::Url url : rule.urls) {
      if (!has_scheme(*text, url_scheme(url))) continue;
      if (url == InputRule::Url::kData) return read_data_url(member, *text);
      return NamedFile(HttpsUrl{std::string(*text)});
    }
    return not_a_file(member, rule);
  }
  const JsonObject* const object = value.if_object();
  const Json* const id = object == nullptr ? nullptr : object->if_contains("file");
  if (id == nullptr || !id->is_string() || object->size() != 1) return not_a_file(member, rule);
  return NamedFile(UploadedFile{std::string(id->get_string())});
}

}  // namespace

Result<NamedFiles> take_named_files(const InputRules& rules, GenerationRequest& request) {
  NamedFiles named;
  JsonObject* const input = request.input.if_object();
  if (input == nullptr) return named;
  for (const std::string& member : rules.files()) {
    const Json* const value = input->if_contains(member);
    if (value == nullptr) continue;
    auto file = read_named(member, *rules.find(member), *value);
    if (!file) return std::move(file).error();
    named.emplace(member, std::move(*file));
    input->erase(member);
  }
  return named;
}

Error not_fetched_for(std::string_view member, Error error) {
  if (error.code != http::kNotFetched) return error;
  Error about = invalid_member(member, "could not be fetched: " + error.message);
  about.code = error.code;
  about.retryable = error.retryable;
  return about;
}

}  // namespace shunt::api
