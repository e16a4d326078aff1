#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "namespace.hpp"
#include "progress_line.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/message_parts.hpp"
#include "terminal.hpp"

namespace shunt::app {

// A generation's events as `shunt generate` shows them: text on standard output as it comes, progress and
// logs on a terminal, artifacts in files. One thread.
class GenerationPrinter {
 public:
  struct Options {
    std::string model;
    std::optional<std::string> output;  // a path, "-" for standard output
    bool json = false;
  };
  explicit GenerationPrinter(Options options);

  // Fails when standard output takes no more: its reader has gone (kBrokenPipe), the disk is full.
  [[nodiscard]] Result<void> print(const GenerationEvent& event);
  // After the last event of a generation that succeeded: brings the results to where they belong.
  [[nodiscard]] Result<void> finish();
  // After the last event of any other: leaves the terminal on a fresh line.
  void abandon();

 private:
  void keep(const GenerationEvent& event);
  void say_restarted();
  [[nodiscard]] Result<void> print_json(const GenerationEvent& event);
  [[nodiscard]] Result<void> print_delta(std::string_view text);
  [[nodiscard]] Result<void> put_artifacts();
  [[nodiscard]] Result<void> put_to_output(std::string_view bytes, std::string_view media_type);
  [[nodiscard]] Result<void> put_to_file(const std::string& path, std::string_view bytes,
                                         std::string_view media_type);
  enum class What { kBytes, kText };
  [[nodiscard]] Result<void> to_stdout(std::string_view bytes, What what = What::kBytes);
  void end_line();

  const Options options_;
  const Terminal stdout_;
  ProgressLine progress_;
  std::string held_text_;  // with --output, until it is known whether an artifact takes its place there
  bool printed_text_ = false;
  bool inside_line_ = false;
  std::vector<Artifact> artifacts_;
  Json result_;
  MessageParts parts_;  // what was said beside text
};

}  // namespace shunt::app
