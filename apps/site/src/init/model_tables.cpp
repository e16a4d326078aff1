#include "init/model_tables.hpp"

#include <filesystem>
#include <map>
#include <string_view>

#include "shunt/config/configuration.hpp"
#include "shunt/site/configuration_text.hpp"

namespace shunt::site {
namespace {

constexpr std::string_view kChatInput =
    R"(
# Rules for what a request may say (docs/input.md); all else goes to the server as it is.
[models.@NAME@.input]
prompt = { type = "string", max_length = 100000 }
temperature = { type = "number", minimum = 0, maximum = 2 }
[models.@NAME@.input.messages]
type = "array"
max_items = 1000
items.type = "object"
items.properties.role = { type = "string", required = true, enum = ["system", "user", "assistant", "tool"] }
items.properties.content = { type = "json" }
)";

constexpr std::string_view kWhisper =
    R"(driver = "command"
description = "Text from speech with whisper.cpp: the file input.audio"
argv = [@PATH@, "-m", @WEIGHTS@, "-nt", "-np", "-f", "{input.audio}"]
input_mode = "none"
output = "text"
@CONFINE@
concurrency = 1
timeout = "30m"
# What whisper-cli can read; ffmpeg makes it of everything else.
input.audio = { type = "file", required = true, types = ["audio/wav", "audio/x-wav", "audio/mpeg", "audio/flac", "audio/ogg"], max_bytes = "100MiB" }

# What OpenAI's clients send as a transcription, and where it goes.
[models.@NAME@.calls.transcription]
file = "audio"
)";

constexpr std::string_view kPiper =
    R"(driver = "command"
description = "Speech from text with Piper: input.text"
argv = [@PATH@, "--model", @WEIGHTS@, "--output_file", "{output_file}"]
input_mode = "stdin_text"            # input.text is what the program reads
input_text_field = "text"
output = "artifact"                  # what it makes is a file
artifact_name = "audio.wav"
artifact_media_type = "audio/wav"
produces = ["audio/wav"]
text_field = "text"
@CONFINE@
concurrency = 2
timeout = "5m"

[models.@NAME@.input.text]
type = "string"
description = "What to say"
required = true
min_length = 1
max_length = 100000
pattern = '[^\r\n]*\S[^\r\n]*'        # one line: each further one would be a file of its own
)";

constexpr std::string_view kFfmpeg =
    R"(driver = "command"
description = "Any recording or film as a WAV of 16 kHz, as speech recognition wants it: the file input.media"
argv = [@PATH@, "-nostdin", "-y", "-v", "error",
        "-protocol_whitelist", "file",   # a playlist may name addresses, and is not followed there
        "-i", "{input.media}", "-vn", "-ac", "1", "-ar", "16000", "{output_file}"]
input_mode = "none"
output = "artifact"
artifact_name = "audio.wav"
artifact_media_type = "audio/wav"
produces = ["audio/wav"]
@CONFINE@
concurrency = 2
timeout = "10m"
input.media = { type = "file", required = true, types = ["audio/*", "video/*"], max_bytes = "500MiB" }
)";

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

// Each @WORD@ by its value; values are passed over, whatever stands in them.
std::string filled(std::string_view form, const std::map<std::string_view, std::string>& values) {
  std::string text;
  while (!form.empty()) {
    const std::size_t begin = form.find('@');
    text += form.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const std::size_t end = form.find('@', begin + 1);
    text += values.at(form.substr(begin + 1, end - begin - 1));
    form.remove_prefix(end + 1);
  }
  return text;
}

// As an argument, in which a brace begins a placeholder.
std::string argument(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped.append(c == '{' || c == '}' ? 2 : 1, c);
  return toml_text(escaped);
}

bool is_bare_key(std::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
         std::string_view::npos;
}

std::string key_of(const std::string& name) {
  return is_bare_key(name) ? name : toml_text(name);
}

std::string heading(const ProposedModel& model, const std::string& comment) {
  return "# " + comment + "\n[models." + key_of(model.name) + "]\n";
}

bool is_of_system(std::string_view path) {
  return path.starts_with("/usr/") || path.starts_with("/bin/");
}

// Programs of the system find all that they need there; what lies elsewhere may need more than is known here.
std::string confinement(const ProposedModel& model) {
  if (!is_of_system(model.path))
    return "# confine = \"files\"                  # with read_paths for all that the program needs";
  const std::string folder = std::filesystem::path(model.weights).parent_path().string();
  std::string text =
      "confine = \"files\"                    # docs/generators/command/confinement.md tells what that "
      "leaves";
  // A path that is not absolute is refused, so the folder of one that is not goes without.
  if (folder.starts_with('/')) text += "\nread_paths = [" + toml_text(folder) + ']';
  return text;
}

std::string program_table(const ProposedModel& model, std::string_view table, const std::string& comment) {
  return heading(model, comment) + filled(table, {{"NAME", key_of(model.name)},
                                                  {"PATH", argument(model.path)},
                                                  {"WEIGHTS", argument(model.weights)},
                                                  {"CONFINE", confinement(model)}});
}

// From the built-in file, which says why it is so: what stands there between these two.
std::string built_in_table(std::string_view begins_with, std::string_view ends_before) {
  const std::string_view file = config::built_in_file();
  const std::size_t begin = file.find(begins_with);
  return std::string(file.substr(begin, file.find(ends_before) - begin));
}

std::string espeak_table(const ProposedModel& model) {
  std::string text = built_in_table("# Speech:", "# The simulator generates");
  text = replaced(std::move(text), "[models.speech", "[models." + key_of(model.name));
  if (is_of_system(model.path)) return text;
  // The service's PATH may lack its folder, and what it needs lies elsewhere, too.
  text = replaced(std::move(text), "argv = [\"espeak-ng\"", "argv = [" + argument(model.path));
  return replaced(std::move(text), "\nconfine = \"files\"  ", "\n# confine = \"files\"");
}

std::string simulator_table(const ProposedModel& model) {
  const std::string text = built_in_table("# The simulator generates", "# A language model behind");
  return replaced(text, "[models.simulator", "[models." + key_of(model.name));
}

std::string concurrency_of(ServerKind kind) {
  switch (kind) {
    case ServerKind::kVllm:
      return "concurrency = 64                     # it batches; more than that waits in line\n";
    case ServerKind::kLlamaCpp:
      return "concurrency = 4                      # as many as the server has slots (llama-server -np 4)\n";
    case ServerKind::kOllama:
      return "concurrency = 4                      # OLLAMA_NUM_PARALLEL of the server\n";
    case ServerKind::kOther:
      break;
  }
  return "concurrency = 8\n";
}

std::string server_model_table(const ProposedModel& model) {
  const bool embeds = model.use == ModelUse::kEmbeddings;
  std::string text = heading(model, embeds ? "Embeddings of texts, by an OpenAI-compatible server."
                                           : "A language model behind an OpenAI-compatible server.");
  text += "driver = \"openai\"\n";
  if (embeds) text += "operation = \"embeddings\"\n";
  text += "base_url = " + toml_text(model.base_url) + '\n';
  text += "model = " + toml_text(model.upstream_model) + "   # the server's name for it\n";
  text += "# api_key_file = \"/etc/shunt/KEY\"     # or api_key_env = \"NAME\"; keys never stand in here\n";
  text += concurrency_of(model.server);
  if (embeds) return text + "text_field = \"input\"\ninput.input = { type = \"json\", required = true }\n";
  return text + "text_field = \"prompt\"\n" + filled(kChatInput, {{"NAME", key_of(model.name)}});
}

}  // namespace

std::string model_table(const ProposedModel& model) {
  if (!model.base_url.empty()) return server_model_table(model);
  if (!model.is_program()) return simulator_table(model);
  if (model.program == ProgramKind::kWhisper)
    return program_table(model, kWhisper, "Text from speech, a program on this machine.");
  if (model.program == ProgramKind::kPiper)
    return program_table(model, kPiper, "Speech from text, a program on this machine.");
  if (model.program == ProgramKind::kFfmpeg)
    return program_table(model, kFfmpeg, "Recordings for speech recognition, a program on this machine.");
  return espeak_table(model);
}

std::string waiting_comment(const FoundProgram& program) {
  const std::string name(program_kind_name(program.kind));
  std::string text = "# " + name + " is here (" + program.path + "), and ";
  switch (program.kind) {
    case ProgramKind::kLlamaServer:
      return text + "no server of it answers. Start one, then run shunt init --force again:\n#   " + name +
             " -m model.gguf --port 8000\n";
    case ProgramKind::kVllm:
      return text + "no server of it answers. Start one, then run shunt init --force again:\n#   " + name +
             " serve Qwen/Qwen2.5-7B-Instruct --port 8000\n";
    case ProgramKind::kOllama:
      return text + "no model of it answers. Start it, then run shunt init --force again:\n#   " + name +
             " serve, and " + name + " pull llama3.2\n";
    case ProgramKind::kWhisper:
      return text +
             "no model for it was found: shunt init --force --whisper-model /path/of/ggml-base.en.bin\n";
    case ProgramKind::kPiper:
      return text +
             "no voice for it was found: shunt init --force --piper-voice /path/of/en_US-lessac.onnx\n";
    case ProgramKind::kEspeak:
    case ProgramKind::kFfmpeg:
      break;
  }
  return text + "makes a model\n";
}

}  // namespace shunt::site
