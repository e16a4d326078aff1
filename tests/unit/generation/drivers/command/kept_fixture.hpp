#pragma once

#include <string>

#include "command_fixture.hpp"
#include "shunt/generation/kept_programs.hpp"

namespace shunt::testing {

// Real programs that stay, as shell scripts: each reads its runs line by line.
class KeptTest : public CommandTest {
 protected:
  // `on_run` is done for each run, with $id, $folder and $line; `on_cancel` for each cancel. say TYPE MEMBERS
  // writes a word of the run.
  static CommandOptions kept(const std::string& on_run, const std::string& on_cancel = ":") {
    return raw(R"(echo '{"type":"ready","protocol":1}')", on_run, on_cancel);
  }
  static CommandOptions raw(const std::string& at_start, const std::string& on_run,
                            const std::string& on_cancel = ":") {
    CommandOptions options = shell(R"(
say() { printf '{"type":"%s","id":"%s"%s}\n' "$1" "$id" "${2:+,$2}"; }
)" + at_start + R"(
while read -r line; do
  id=${line#*'"id":"'}; id=${id%%'"'*}
  folder=${line##*'"folder":"'}; folder=${folder%%'"'*}
  case $line in
    *'"type":"cancel"'*) )" + on_cancel +
                                   R"( ;;
    *) )" + on_run + R"( ;;
  esac
done
)");
    options.keep = 1;
    options.cancel_grace = std::chrono::milliseconds(500);
    options.kill_after = std::chrono::milliseconds(500);
    return options;
  }

  KeptPrograms& programs() { return *kept_programs(*models_.find("m")); }
  KeptProgramsStatus status() { return programs().status(); }
  std::uint64_t ends(std::string_view reason) {
    for (const auto& [name, count] : status().ends) {
      if (name == reason) return count;
    }
    ADD_FAILURE() << reason;
    return 0;
  }
  void expect_failed(const GenerationRecord& record, const ErrorCode& code, std::string_view words = "") {
    ASSERT_EQ(record.state, GenerationState::kFailed) << record.text;
    EXPECT_EQ(record.error->code, code) << record.error->message;
    EXPECT_NE(record.error->message.find(words), std::string::npos) << record.error->message;
  }
  // The program, or the one after it, is well.
  void expect_next_succeeds() { EXPECT_EQ(run({{"well", true}}).state, GenerationState::kSucceeded); }
};

}  // namespace shunt::testing
