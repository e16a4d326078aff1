#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/message_parts.hpp"
#include "shunt/generation/namespace.hpp"

// The words between Shunt and a kept program: JSON objects, a line each (docs/generators/command/kept.md).
// Pure.
namespace shunt::generation::command {

// What both sides speak. A program says which version it means when it says that it is ready.
inline constexpr std::int64_t kProgramProtocol = 1;

// What a program says, as the types that the rest of the driver knows.
namespace said {
struct Ready {};
struct Delta {
  std::string text;
  MessageParts parts;  // what is said beside it (docs/deltas.md)
};
struct Progress {
  double fraction = 0;  // 0 to 1
  std::string message;
};
struct ArtifactFile {
  std::string path;  // as the program has written it: see name_in_folder
  std::string name;  // "" = that of the file
  std::string media_type;
};
// The two ends of a run.
struct Answer {
  Json result;  // null: text and artifacts say it all
};
struct Failure {
  std::string code;  // the program's own; may be empty
  std::string message;
  bool retryable = false;
};
}  // namespace said

struct ProgramWord {
  std::string id;  // of the run; "" in Ready
  std::variant<said::Ready, said::Delta, said::Progress, said::ArtifactFile, said::Answer, said::Failure>
      content;
};

// Reads one line, without its end. Fails with `invalid_output` on what is no word of the protocol, and on a
// `ready` of another version. Members that it does not know are passed over.
[[nodiscard]] Result<ProgramWord> read_program_word(std::string_view line);

// The name of an artifact's file in the folder of its run: `path` is that name, or the folder's own path with
// the name behind it. Fails with `invalid_output` on a path that leads anywhere else.
[[nodiscard]] Result<std::string> name_in_folder(const std::string& path, const std::string& folder);

// A line that gives a program its next run, and one that takes it back. Both end with a line feed. `paths`:
// where the run's files are, by member of the input.
[[nodiscard]] std::string run_line(const std::string& id, const std::string& folder, const Envelope& envelope,
                                   const std::map<std::string, std::string>& paths = {});
[[nodiscard]] std::string cancel_line(const std::string& id);

}  // namespace shunt::generation::command
