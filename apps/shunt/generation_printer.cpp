#include "generation_printer.hpp"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "artifact_file.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "write_all.hpp"

namespace shunt::app {
namespace {

// null where nothing was said beside text.
Json json_of(const MessageParts& parts) {
  if (parts.empty()) return nullptr;
  std::string text;
  JsonObjectWriter object(text);
  write_parts(object, parts);
  object.close();
  auto json = parse_json(text);
  return json ? std::move(*json) : Json(nullptr);
}

}  // namespace

GenerationPrinter::GenerationPrinter(Options options)
    : options_(std::move(options)), stdout_(STDOUT_FILENO) {}

Result<void> GenerationPrinter::print(const GenerationEvent& event) {
  keep(event);
  if (options_.json) return print_json(event);
  if (const auto* delta = std::get_if<event::Delta>(&event.payload)) return print_delta(delta->text);
  if (std::holds_alternative<event::Restarted>(event.payload)) say_restarted();
  if (const auto* progress = std::get_if<event::Progress>(&event.payload)) {
    // A bar would cut a line of text in two.
    if (!(printed_text_ && stdout_.is_terminal())) progress_.show(progress->fraction, progress->message);
  } else if (const auto* log = std::get_if<event::Log>(&event.payload)) {
    if (progress_.visible()) end_line();
    progress_.log(log->level, log->message);
  }
  return {};
}

void GenerationPrinter::keep(const GenerationEvent& event) {
  if (const auto* artifact = std::get_if<event::ArtifactReady>(&event.payload)) {
    artifacts_.push_back(artifact->artifact);
  } else if (const auto* succeeded = std::get_if<event::Succeeded>(&event.payload)) {
    result_ = succeeded->result;
  } else if (const auto* delta = std::get_if<event::Delta>(&event.payload)) {
    if (options_.output) held_text_ += delta->text;
    if (delta->parts && !options_.json) append_parts(parts_, *delta->parts);
  } else if (std::holds_alternative<event::Restarted>(event.payload)) {
    // Its worker was lost: what came before is void.
    artifacts_.clear();
    held_text_.clear();
    parts_ = {};
  }
}

// Text that is on its way to its reader cannot be taken back: the reader is told.
void GenerationPrinter::say_restarted() {
  progress_.clear();
  end_line();
  if (!std::exchange(printed_text_, false)) return;
  std::cerr << "the worker was lost; the generation starts again, the text before this is void" << std::endl;
}

Result<void> GenerationPrinter::print_json(const GenerationEvent& event) {
  std::string line;
  append_event_json(line, event);
  if (stdout_.is_terminal()) line = displayable_json(line);
  line += '\n';
  return to_stdout(line);
}

Result<void> GenerationPrinter::print_delta(std::string_view text) {
  if (text.empty() || options_.output) return {};
  progress_.clear();
  printed_text_ = true;
  inside_line_ = !text.ends_with('\n');
  return to_stdout(text, What::kText);
}

Result<void> GenerationPrinter::finish() {
  progress_.clear();
  end_line();
  // The stream has described everything; bytes would spoil it.
  if (options_.json && !options_.output) return {};
  if (!artifacts_.empty()) {
    if (auto put = put_artifacts(); !put) return put;
    return options_.json ? Result<void>() : to_stdout(held_text_, What::kText);
  }
  if (printed_text_) return {};
  // A generation without a word says everything in its result, or beside the text: a model that calls a tool.
  if (held_text_.empty() && result_.is_null()) result_ = json_of(parts_);
  const bool has_text = !held_text_.empty() || result_.is_null();
  const std::string result = has_text ? held_text_ : to_pretty_json(result_) + '\n';
  if (!options_.output) return to_stdout(result, What::kText);
  return put_to_output(result, has_text ? "text" : "application/json");
}

void GenerationPrinter::abandon() {
  progress_.clear();
  end_line();
}

// The first goes where the result is wanted, further ones (few generators make any) to files of their own.
Result<void> GenerationPrinter::put_artifacts() {
  bool first = true;
  for (const Artifact& artifact : artifacts_) {
    const std::string_view bytes = artifact.bytes ? std::string_view(*artifact.bytes) : std::string_view();
    const bool to_pipe = !options_.output && !stdout_.is_terminal() && !printed_text_;
    Result<void> put;
    if (first && options_.output) {
      put = put_to_output(bytes, artifact.media_type);
    } else if (first && to_pipe) {
      put = to_stdout(bytes);
    } else {
      put = put_to_file(new_artifact_path(options_.model, artifact.name), bytes, artifact.media_type);
    }
    if (!put) return put;
    first = false;
  }
  return {};
}

Result<void> GenerationPrinter::put_to_output(std::string_view bytes, std::string_view media_type) {
  if (*options_.output == "-") return to_stdout(bytes);
  return put_to_file(*options_.output, bytes, media_type);
}

Result<void> GenerationPrinter::put_to_file(const std::string& path, std::string_view bytes,
                                            std::string_view media_type) {
  if (auto written = write_file(path, bytes); !written) return written;
  std::cerr << "wrote " << displayable(path) << " (" << bytes.size() << " bytes, " << displayable(media_type)
            << ')' << std::endl;
  return {};
}

// What a model says goes to a pipe or a file as it is, and to a terminal without what would steer it.
Result<void> GenerationPrinter::to_stdout(std::string_view bytes, What what) {
  const bool shown = what == What::kText && stdout_.is_terminal();
  auto written = shown ? write_all(STDOUT_FILENO, displayable(bytes, LineBreaks::kKept))
                       : write_all(STDOUT_FILENO, bytes);
  if (written) return {};
  return Error{written.error().code, "cannot write to standard output: " + written.error().message};
}

void GenerationPrinter::end_line() {
  if (!std::exchange(inside_line_, false) || !stdout_.is_terminal()) return;
  // A terminal that has gone needs no newline.
  (void)write_all(STDOUT_FILENO, "\n");
}

}  // namespace shunt::app
