// Command lines with placeholders, and inputs for them. Checks that an argument stays one argument, that no
// value gets in front of an option, and that what is literal stays as it was.
#include "drivers/command/argv_template.hpp"

#include "shunt/base/json.hpp"
#include "shunt/generation/input_rules.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

// Whether the program would take the argument for an option that nobody wrote into the template.
void check_arguments(const std::vector<std::string>& written, const std::vector<std::string>& filled) {
  check(filled.size() == written.size(), "an argument each");
  check(filled.front() == written.front() || written.front().find_first_of("{}") != std::string::npos,
        "the program is the one that was configured");
  for (std::size_t i = 0; i < filled.size(); ++i) {
    check(filled[i].find('\0') == std::string::npos, "no argument ends before its end");
    check(filled[i].size() < 32 * 4096, "no argument is longer than the system takes");
    if (written[i].find_first_of("{}") == std::string::npos) check(filled[i] == written[i], "literals stay");
  }
}

// Each member of a template may be anything: what a rule refuses never gets as far as a template.
Result<InputRules> rules_for(const std::vector<std::string>& argv) {
  constexpr std::string_view kBegin = "{input.";
  std::map<std::string, InputRule> rules;
  for (const std::string& argument : argv) {
    for (std::size_t at = argument.find(kBegin); at != std::string::npos;
         at = argument.find(kBegin, at + 1)) {
      const std::size_t name = at + kBegin.size();
      rules[argument.substr(name, argument.find('}', name) - name)].any = true;
    }
  }
  return InputRules::compile(std::move(rules));
}

}  // namespace

// Lines of a template, an empty line, and the input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find("\n\n"), text.size());
  std::string head(text.substr(0, end));
  std::erase(head, '\0');  // a configuration has none
  const std::vector<std::string> argv = fuzz::lines_of(head);
  const auto input = parse_json(text.substr(std::min(end + 2, text.size())));
  const auto rules = rules_for(argv);
  if (!rules || (input && !rules->check(*input))) return 0;
  const auto made = command::ArgvTemplate::parse(argv, {{"speed", "175"}}, *rules);
  if (!made) {
    check(!made.error().message.empty(), "a refusal says why");
    return 0;
  }
  const command::RunPlaces places{"gen_1", "model", "/input", "/output"};
  const auto filled = made->fill(input.ok() ? *input : Json(JsonObject{}), places);
  if (!filled) {
    check(filled.error().code == "invalid_input" && !filled.error().message.empty(),
          "a refusal names the member");
    return 0;
  }
  check_arguments(argv, *filled);
  return 0;
}
