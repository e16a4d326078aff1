#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/event_loop.hpp"
#include "shunt/generation/generator.hpp"
#include "shunt/generation/input_rules.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

class FileSource;

// Runs a program per generation, or keeps some that run one after the other, without a shell.
// docs/generators/command.md describes each option for users.
struct CommandOptions {
  enum class InputMode { kNone, kStdinJson, kStdinText, kFile };
  enum class OutputMode { kText, kJson, kArtifact };
  // What a program is kept from, by Landlock where the kernel has it.
  //   kOff        nothing
  //   kProcesses  reading, tracing and signalling processes that it has not started itself
  //   kFiles      that, and all files but the system's programs, its own folder and the paths below
  //   kAuto       kFiles when paths are listed, else kProcesses
  enum class Confine { kAuto, kFiles, kProcesses, kOff };

  // argv; argv[0] is looked up in the PATH of `environment`. Placeholders: {input.NAME} (a string, number or
  // boolean member of the input, whole value as one argument or part of it), {input_file}, {output_file},
  // {id}, {model}, {{ and }} for braces. A missing member without a default is invalid_input. Each NAME needs
  // an input rule.
  std::vector<std::string> argv;
  // {input.NAME} values when the member is absent.
  std::map<std::string, std::string> defaults;

  InputMode input = InputMode::kStdinJson;
  std::string input_text_field = "text";  // for kStdinText: which member
  OutputMode output = OutputMode::kText;
  // For kArtifact: read from {output_file} if argv names it, else from stdout. The file has the artifact's
  // name.
  std::string artifact_name = "output.bin";
  std::string artifact_media_type = "application/octet-stream";

  // The child's whole environment: variables copied from ours by name, then set ones, then TRACEPARENT and
  // TRACESTATE of a request that has a trace context.
  std::vector<std::string> pass_environment = {"PATH", "LANG", "LC_ALL", "TZ"};
  std::map<std::string, std::string> set_environment;
  std::string working_directory;  // "": a fresh temporary folder, removed afterwards

  Confine confine = Confine::kAuto;
  std::vector<std::string> read_paths;   // folders and files that the program may read and execute
  std::vector<std::string> write_paths;  // and those that it may read and write

  // Whether callers see the program's standard error, as log events and in the error of a failure. The
  // process's log has it either way. It may quote what the program has read.
  bool stderr_to_caller = false;

  std::chrono::milliseconds kill_after = std::chrono::seconds(3);  // from SIGTERM to SIGKILL

  // How many programs stay and take one generation after the other, as lines of JSON
  // (docs/generators/command.md); 0: a program a generation. These are for such programs only.
  std::size_t keep = 0;
  std::chrono::milliseconds ready_timeout = std::chrono::minutes(1);  // from the start to `ready`
  // From the `cancel` of a run, or the end of its input, to SIGTERM.
  std::chrono::milliseconds cancel_grace = std::chrono::seconds(2);
  std::size_t recycle_after = 0;                    // generations, then another process; 0: never
  std::optional<std::size_t> recycle_memory_bytes;  // or resident memory after a generation
  std::size_t max_line_bytes = 8 * 1024 * 1024;     // of what the program says; longer lines end it
  std::string model;                                // the model's name, for the log and {model}

  // rlimits of the child; unset = ours.
  std::optional<std::size_t> max_memory_bytes;       // RLIMIT_AS
  std::optional<std::chrono::seconds> max_cpu;       // RLIMIT_CPU
  std::size_t max_output_bytes = 256 * 1024 * 1024;  // stdout, and RLIMIT_FSIZE for files
  std::size_t max_stderr_line_bytes = 4096;          // longer lines are cut
};

// What can be said of the options without looking for the program: an empty argv, an unknown placeholder or
// one without a rule, a default that its rule refuses, an artifact's name, paths that cannot be confined to.
// Errors name the option as "/OPTION...". Looks at no file.
[[nodiscard]] Result<void> check_command(const CommandOptions& options, const InputRules& rules);

// Fails as check_command does, and on a program or a listed path that cannot be found. `rules` are those of
// the model. `files`, where the files of callers are read, outlives the generator; without one a generation
// that has files fails. Children are made on `spawn_loops`' threads only, because the kernel's parent-death
// signal follows the thread that forked; they must outlive the generator. Programs that stay are started with
// the first generation, or by kept_programs(); the generator's end waits for theirs.
[[nodiscard]] Result<std::unique_ptr<Generator>> make_command_generator(CommandOptions options,
                                                                        EventLoopThreads& spawn_loops,
                                                                        const InputRules& rules = {},
                                                                        FileSource* files = nullptr);

// What the running kernel cannot keep programs from; "" where it can do all. For a line in the log at start.
[[nodiscard]] std::string missing_confinement();

}  // namespace shunt::generation
