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

namespace shunt {

// Runs a program per generation, without a shell. docs/generators.md describes each option for users.
struct CommandOptions {
  enum class InputMode { kNone, kStdinJson, kStdinText, kFile };
  enum class OutputMode { kText, kJson, kArtifact };

  // argv; argv[0] is looked up in the PATH of `environment`. Placeholders: {input.NAME} (a string, number or
  // boolean member of the input, whole value as one argument or part of it), {input_file}, {output_file},
  // {id}, {model}, {{ and }} for braces. A missing member without a default is invalid_input.
  std::vector<std::string> argv;
  // {input.NAME} values when the member is absent.
  std::map<std::string, std::string> defaults;

  InputMode input = InputMode::kStdinJson;
  std::string input_text_field = "text";  // for kStdinText: which member
  OutputMode output = OutputMode::kText;
  // For kArtifact: read from {output_file} if argv names it, else from stdout.
  std::string artifact_name = "output.bin";
  std::string artifact_media_type = "application/octet-stream";

  // The child's whole environment: variables copied from ours by name, then set ones, then TRACEPARENT and
  // TRACESTATE of a request that has a trace context.
  std::vector<std::string> pass_environment = {"PATH", "LANG", "LC_ALL", "TZ"};
  std::map<std::string, std::string> set_environment;
  std::string working_directory;  // "": a fresh temporary folder, removed afterwards

  std::chrono::milliseconds kill_after = std::chrono::seconds(3);  // from SIGTERM to SIGKILL

  // rlimits of the child; unset = ours.
  std::optional<std::size_t> max_memory_bytes;       // RLIMIT_AS
  std::optional<std::chrono::seconds> max_cpu;       // RLIMIT_CPU
  std::size_t max_output_bytes = 256 * 1024 * 1024;  // stdout, and RLIMIT_FSIZE for files
  std::size_t max_stderr_line_bytes = 4096;          // longer lines are cut
};

// Fails on an empty argv, a program that cannot be found, or an unknown placeholder. Children are made on
// `spawn_loops`' threads only, because the kernel's parent-death signal follows the thread that forked; they
// must outlive the generator.
[[nodiscard]] Result<std::unique_ptr<Generator>> make_command_generator(CommandOptions options,
                                                                        EventLoopThreads& spawn_loops);

}  // namespace shunt
