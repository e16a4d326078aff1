// Lines that a kept program writes. Checks that what is read keeps its bounds, that a refusal has words and a
// code, that an artifact's file lies in the folder of its run, and that a run's line is one.
#include <string>

#include "drivers/command/kept/program_protocol.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using namespace shunt::generation::command;
using fuzz::check;

void check_word(const ProgramWord& word) {
  if (const auto* const delta = std::get_if<said::Delta>(&word.content)) {
    check(is_valid_utf8(delta->text), "text is UTF-8");
  } else if (const auto* const progress = std::get_if<said::Progress>(&word.content)) {
    check(progress->fraction >= 0 && progress->fraction <= 1, "progress is from nothing to all");
  } else if (const auto* const artifact = std::get_if<said::ArtifactFile>(&word.content)) {
    check(artifact->name.empty() || is_valid_artifact_name(artifact->name),
          "a name that an artifact can have");
    check(is_valid_media_type(artifact->media_type), "a media type");
    if (const auto name = name_in_folder(artifact->path, "/tmp/run")) {
      check(name->find('/') == std::string::npos && *name != "." && *name != ".." && !name->empty(),
            "a file in the folder");
    }
  } else if (const auto* const failure = std::get_if<said::Failure>(&word.content)) {
    check(failure->code.size() <= 64 && failure->message.size() < 5000, "an error's words are bounded");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line = fuzz::text_of(data, size);
  const auto word = read_program_word(line);
  if (word) {
    check_word(*word);
    const std::string cancel = cancel_line(word->id);
    check(cancel.find('\n') == cancel.size() - 1, "a line is one");
  } else {
    check(word.error().code == error_code::kInvalidOutput && !word.error().message.empty(),
          "a refusal has words");
    check(word.error().message.size() < 2000, "and not too many");
  }
  return 0;
}
