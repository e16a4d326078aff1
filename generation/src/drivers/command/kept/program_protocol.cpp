#include "drivers/command/kept/program_protocol.hpp"

#include <optional>
#include <utility>

#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_reader.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

using Presence = JsonObjectReader::Presence;

// A program's own error code is a word, and what it has to say fits on a page.
constexpr std::size_t kLongestCode = 64;
constexpr std::size_t kLongestMessage = 4096;

Error invalid(std::string message) {
  return {error_code::kInvalidOutput, std::move(message)};
}

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  return invalid("the program's line has a member \"" + std::string(wrong.name) + "\" that must be " +
                 std::string(wrong.expected));
}

said::Ready read_ready(JsonObjectReader& members) {
  const auto version = members.integer("protocol");
  if (version && *version != kProgramProtocol) {
    members.refuse(invalid("the program speaks version " + std::to_string(*version) +
                           " of the protocol, and this process speaks version " +
                           std::to_string(kProgramProtocol)));
  }
  return {};
}

// A delta says something, be it text or not.
said::Delta read_delta(JsonObjectReader& members) {
  said::Delta delta{.text = members.text("text", Presence::kOptional), .parts = read_parts(members)};
  if (delta.parts.empty() && members.find("text") == nullptr) members.refuse("text", "a string");
  return delta;
}

said::Progress read_progress(JsonObjectReader& members) {
  const double fraction = members.number("fraction").value_or(0);
  if (!(fraction >= 0 && fraction <= 1)) members.refuse("fraction", "a number from 0 to 1");
  return {fraction, members.text("message", Presence::kOptional)};
}

said::ArtifactFile read_artifact(JsonObjectReader& members) {
  said::ArtifactFile artifact{.path = members.text("path"),
                              .name = members.text("name", Presence::kOptional),
                              .media_type = members.text("media_type", Presence::kOptional)};
  if (!artifact.name.empty() && !is_valid_artifact_name(artifact.name)) {
    members.refuse("name", "1 to 128 of [A-Za-z0-9._-], not beginning with a dot");
  }
  if (artifact.media_type.empty()) artifact.media_type = "application/octet-stream";
  if (!is_valid_media_type(artifact.media_type)) {
    members.refuse("media_type", "a media type as in image/png");
  }
  return artifact;
}

said::Answer read_answer(JsonObjectReader& members) {
  return {members.find("result") != nullptr ? members.any("result") : Json(nullptr)};
}

said::Failure read_failure(JsonObjectReader& members) {
  said::Failure failure{.code = members.text("code", Presence::kOptional),
                        .message = members.text("message"),
                        .retryable = members.boolean("retryable", Presence::kOptional).value_or(false)};
  if (failure.code.size() > kLongestCode) members.refuse("code", "of at most 64 bytes");
  failure.message = excerpt(failure.message, kLongestMessage);
  return failure;
}

bool read_content(ProgramWord& word, std::string_view type, JsonObjectReader& members) {
  if (type == "delta") {
    word.content = read_delta(members);
  } else if (type == "progress") {
    word.content = read_progress(members);
  } else if (type == "artifact") {
    word.content = read_artifact(members);
  } else if (type == "result") {
    word.content = read_answer(members);
  } else if (type == "error") {
    word.content = read_failure(members);
  } else if (type == "ready") {
    word.content = read_ready(members);
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<ProgramWord> read_program_word(std::string_view line) {
  auto value = parse_json(line);
  if (!value) {
    return invalid("the program wrote a line that is no JSON (" + value.error().message +
                   "): what is not for the protocol belongs on its standard error");
  }
  JsonObject* const object = value->if_object();
  if (object == nullptr) return invalid("the program wrote a line that is no JSON object");
  JsonObjectReader members(std::move(*object), "", wrong_member);
  const std::string type = members.text("type");
  ProgramWord word;
  if (type != "ready") word.id = members.text("id");
  if (!members.problem() && !read_content(word, type, members)) {
    return invalid("the program wrote a line of the unknown type \"" + displayable(excerpt(type)) +
                   "\"; known are ready, delta, progress, artifact, result and error");
  }
  if (members.problem()) return *members.problem();
  return word;
}

Result<std::string> name_in_folder(const std::string& path, const std::string& folder) {
  const std::string prefix = folder + '/';
  std::string name = path.starts_with(prefix) ? path.substr(prefix.size()) : path;
  constexpr std::string_view kNul("\0", 1);
  const bool plain = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
                     name.find(kNul) == std::string::npos;
  if (plain) return name;
  return invalid("the program's artifact \"" + displayable(excerpt(path)) +
                 "\" is not a file in the folder of its run");
}

std::string run_line(const std::string& id, const std::string& folder, const Envelope& envelope,
                     const std::map<std::string, std::string>& paths) {
  const GenerationRequest::Context& context = envelope.request.context;
  std::string line;
  JsonObjectWriter members(line);
  members.text("type", "run");
  members.text("id", id);
  members.text("generation", envelope.id.to_string());
  members.text("model", envelope.request.model);
  members.json("input", paths.empty() ? envelope.request.input : input_with_files(envelope.request, paths));
  members.text("folder", folder);
  if (!context.traceparent.empty()) members.text("traceparent", context.traceparent);
  if (!context.tracestate.empty()) members.text("tracestate", context.tracestate);
  members.close();
  line += '\n';
  return line;
}

std::string cancel_line(const std::string& id) {
  std::string line;
  JsonObjectWriter members(line);
  members.text("type", "cancel");
  members.text("id", id);
  members.close();
  line += '\n';
  return line;
}

}  // namespace shunt::generation::command
