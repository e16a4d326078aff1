#include "routes/given_files.hpp"

#include <map>
#include <utility>
#include <vector>

#include "admission/file_use.hpp"
#include "representation/given_message_files.hpp"
#include "representation/held_file.hpp"
#include "representation/named_file.hpp"
#include "representation/problem.hpp"
#include "routes/fetched_file.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::api {
namespace {

constexpr std::string_view kRequestPart = "request";

Error no_store() {
  return {problem_code::kFilesDisabled,
          "this server keeps no files: it was told no folder for them (files.directory)"};
}

Error too_many_files(std::string_view pointer = "/files") {
  return invalid_field(pointer, "a generation may have at most " + std::to_string(kMaxInputFiles) + " files");
}

Result<FormPart> admit_part(const Exchange& exchange, std::size_t& files, const http::PartHeader& header) {
  if (header.name == kRequestPart) {
    const std::size_t own = exchange.key == nullptr ? 0 : exchange.key->config().max_body_bytes;
    return FormPart{.max_bytes = own > 0 ? own : exchange.options.max_body_bytes};
  }
  if (!header.filename) {
    return invalid_field('/' + excerpt(header.name),
                         "it is neither the part \"request\" nor a file: send values within \"request\"",
                         problem_code::kUnknownField);
  }
  if (++files > kMaxInputFiles) return too_many_files();
  return FormPart{.is_file = true, .max_bytes = exchange.options.files.max_bytes};
}

// What a generation of the caller's holds its files for.
FileUse use_of(const Exchange& exchange, std::string caller, std::optional<std::chrono::milliseconds> wanted,
               std::chrono::milliseconds most) {
  const WallTime now = system_clock().now();
  return {.caller = std::move(caller),
          .now = now,
          .until = held_until(exchange.options.files, now, wanted, most),
          .quota = quota_of(exchange)};
}

// What the store is asked for without waiting for anybody else, all at once: on a thread of the store's.
struct Holding {
  const FileUse& use;
  const NamedFiles& named;
  const GivenMessageFiles& in_messages;
  std::map<std::string, ReceivedFile, std::less<>>* received = nullptr;

  [[nodiscard]] Result<InputFiles> carry_out(FileStore& store) const {
    InputFiles files;
    for (const auto& [member, file] : named) {
      if (std::holds_alternative<HttpsUrl>(file)) continue;
      auto held = hold_named_file(store, member, file, use);
      if (!held) return std::move(held).error();
      files.emplace(member, std::move(*held));
    }
    if (auto held = hold_message_files(store, in_messages, use, files); !held) return held.error();
    if (received == nullptr) return files;
    for (auto& [member, file] : *received) {
      auto held = store.hold(*file.upload, {.media_type = file.media_type, .filename = file.filename}, use);
      if (!held) return std::move(held).error();
      files.emplace(member, std::move(*held));
    }
    return files;
  }
};

// Whether the model takes the files that came with the request.
Result<void> check_new_files(const Model& model, const NamedFiles& named, const ReceivedForm* form) {
  for (const auto& [member, file] : named) {
    const auto* const inlined = std::get_if<InlineFile>(&file);
    if (inlined == nullptr) continue;
    if (auto checked = model.input_rules.check_file(member, inlined->media_type, inlined->bytes.size());
        !checked)
      return checked;
  }
  if (form == nullptr) return {};
  for (const auto& [member, file] : form->files) {
    if (named.contains(member)) return invalid_member(member, "is given twice");
    if (auto checked = model.input_rules.check_file(member, file.media_type, file.upload->bytes()); !checked)
      return checked;
  }
  return {};
}

}  // namespace

http::Task<std::optional<ReceivedForm>> receive_generation_form(Exchange& exchange) {
  if (!exchange.service.files.enabled()) {
    set_problem(exchange.response, no_store());
    co_return std::nullopt;
  }
  std::size_t files = 0;
  const AdmitPart admit = [&exchange, &files](const http::PartHeader& header) {
    return admit_part(exchange, files, header);
  };
  auto receiving = receive_form(exchange, admit);
  auto form = co_await receiving;
  if (!form) {
    set_problem(exchange.response, form.error());
    co_return std::nullopt;
  }
  const auto request = form->fields.find(kRequestPart);
  if (request == form->fields.end()) {
    set_problem(exchange.response,
                invalid_field("/request", "the part \"request\" is missing: the request as JSON"));
    co_return std::nullopt;
  }
  exchange.request.body = std::move(request->second);
  co_return std::move(*form);
}

http::Task<Result<void>> take_given_files(Exchange& exchange, const Model& model, GenerationRequest& request,
                                          ReceivedForm* form, std::vector<std::string> places) {
  auto named = take_named_files(model.input_rules, request);
  if (!named) co_return std::move(named).error();
  const auto in_messages = read_message_files(model, request.input, std::move(places));
  if (!in_messages) co_return in_messages.error();
  const std::size_t received = form == nullptr ? 0 : form->files.size();
  if (named->empty() && in_messages->named.empty() && received == 0) co_return Result<void>();
  if (!exchange.service.files.enabled()) co_return no_store();
  if (named->size() + received > kMaxInputFiles) co_return too_many_files();
  const std::string beyond = first_beyond(*in_messages, kMaxInputFiles - named->size() - received);
  if (!beyond.empty()) co_return too_many_files(beyond);
  const FileUse use = use_of(exchange, request.caller, request.options.timeout, model.timeout);
  const Holding holding{.use = use,
                        .named = *named,
                        .in_messages = *in_messages,
                        .received = form == nullptr ? nullptr : &form->files};
  // Before anything is held of it.
  if (auto checked = check_new_files(model, *named, form); !checked) co_return checked;
  auto work = with_files<Result<InputFiles>>(
      exchange, [&holding](FileStore& store) { return holding.carry_out(store); });
  auto files = co_await work;
  if (form != nullptr) {
    form->under_way.reset();
    form->files.clear();
  }
  if (!files) co_return std::move(files).error();
  // What the model refuses anyway is not waited for.
  for (const auto& [member, file] : files_of_members(*files)) {
    if (auto checked = model.input_rules.check_file(member, file.media_type, file.bytes); !checked)
      co_return checked;
  }
  for (const auto& [member, file] : *named) {
    const auto* const url = std::get_if<HttpsUrl>(&file);
    if (url == nullptr) continue;
    auto fetching = fetch_file(exchange, *model.input_rules.find(member), member, url->text, use);
    auto fetched = co_await fetching;
    if (!fetched) co_return std::move(fetched).error();
    files->emplace(member, std::move(*fetched));
  }
  request.files = std::move(*files);
  Result<void> checked = check_message_files(model, *in_messages, request);
  co_return checked;
}

http::Task<Result<void>> hold_files_again(Exchange& exchange, const GenerationRequest& request) {
  if (!exchange.service.files.enabled()) co_return no_store();
  const auto model = exchange.service.models.find(request.model);
  const auto timeout = model == nullptr ? std::chrono::milliseconds(0) : model->timeout;
  const FileUse use = use_of(exchange, request.caller, request.options.timeout, timeout);
  auto work = with_files<Result<void>>(exchange, [&request, &use](FileStore& store) -> Result<void> {
    for (const auto& [member, file] : request.files) {
      if (auto held = store.hold(file, use); !held) return held;
    }
    return {};
  });
  Result<void> held = co_await work;
  co_return held;
}

}  // namespace shunt::api
