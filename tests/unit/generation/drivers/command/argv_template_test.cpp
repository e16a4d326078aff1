#include "drivers/command/argv_template.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

using Arguments = std::vector<std::string>;

InputRules rules_of(std::map<std::string, InputRule> rules) {
  return InputRules::compile(std::move(rules)).value();
}

InputRule text_rule() {
  InputRule rule;
  rule.type = InputRule::Type::kString;
  return rule;
}

InputRule number_rule(std::optional<double> minimum = {}) {
  InputRule rule;
  rule.type = InputRule::Type::kNumber;
  rule.minimum = minimum;
  return rule;
}

InputRules any_for(const std::vector<std::string>& members) {
  InputRule any;
  any.any = true;
  std::map<std::string, InputRule> rules;
  for (const std::string& member : members) rules[member] = any;
  return rules_of(std::move(rules));
}

Result<Arguments> filled(const Arguments& argv, std::string_view input,
                         const std::map<std::string, std::string>& defaults = {},
                         const InputRules& rules = any_for({"text", "n", "b", "t", "a", "voice"})) {
  auto made = ArgvTemplate::parse(argv, defaults, rules);
  if (!made) return std::move(made).error();
  return made->fill(*parse_json(input), {"gen_1", "m", "/tmp/in", "/tmp/out"});
}

TEST(ArgvTemplate, PutsValuesInTheirPlacesAndNeverSplitsThem) {
  const auto argv = filled({"prog", "--text={input.text}", "{input.n}/{input.b}", "{id}", "{model}",
                            "{input_file}:{output_file}", "{{literal}}", ""},
                           R"({"text":"a b; $(rm) 'c'","n":1.5,"b":true})");
  ASSERT_TRUE(argv.ok()) << argv.error().message;
  EXPECT_EQ(*argv, (Arguments{"prog", "--text=a b; $(rm) 'c'", "1.5/true", "gen_1", "m", "/tmp/in:/tmp/out",
                              "{literal}", ""}));
}

TEST(ArgvTemplate, TakesADefaultForAMissingMember) {
  EXPECT_EQ((*filled({"p", "{input.voice}"}, "{}", {{"voice", "en"}}))[1], "en");
  EXPECT_EQ((*filled({"p", "{input.voice}"}, R"({"voice":"de"})", {{"voice", "en"}}))[1], "de");
}

TEST(ArgvTemplate, RefusesAValueThatWouldBeReadAsAnOptionUnlessOptionsHaveEnded) {
  EXPECT_FALSE(filled({"p", "{input.t}"}, R"({"t":"--output=/etc/passwd"})").ok());
  EXPECT_FALSE(filled({"p", "{input.n}"}, R"({"n":-1})").ok());
  EXPECT_TRUE(filled({"p", "--", "{input.t}"}, R"({"t":"-x"})").ok());
  EXPECT_TRUE(filled({"p", "--t={input.t}"}, R"({"t":"-x"})").ok());
  EXPECT_FALSE(filled({"p", "{input.a}", "{input.t}"}, R"({"a":"--","t":"-x"})").ok())
      << "a caller's \"--\" ends nothing";
}

TEST(ArgvTemplate, WantsARuleForEachMemberThatItNames) {
  const auto made = ArgvTemplate::parse({"p", "-v", "x{input.voice}"}, {}, any_for({"text"}));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().details.at("field"), "/argv");
  EXPECT_NE(made.error().message.find("x{input.voice}"), std::string::npos) << made.error().message;
  EXPECT_NE(made.error().message.find("input.voice"), std::string::npos) << made.error().message;
}

TEST(ArgvTemplate, KeepsDashesAndPathsOutOfArgumentsUnlessTheRuleAllowsThem) {
  InputRule dash = text_rule();
  dash.allow_leading_dash = true;
  InputRule slash = text_rule();
  slash.allow_slash = true;
  InputRule listed = text_rule();
  listed.choices = {"-5", "/a"};
  const InputRules rules =
      rules_of({{"plain", text_rule()}, {"dash", dash}, {"slash", slash}, {"listed", listed}});
  const std::vector<std::tuple<const char*, const char*, bool>> table = {
      {"plain", "x", true},       {"plain", "-x", false}, {"plain", "/etc/passwd", false},
      {"plain", "a/b", false},    {"plain", "..", false}, {"plain", "a-b..c", true},
      {"plain", "", true},        {"dash", "-x", true},   {"dash", "-/x", false},
      {"slash", "/a/../b", true}, {"slash", "-x", false}, {"listed", "-5", true},
      {"listed", "/a", true}};
  for (const auto& [member, text, passes] : table) {
    const std::string input = R"({")" + std::string(member) + R"(":")" + text + R"("})";
    for (const std::string& argument :
         {"{input." + std::string(member) + "}", "--file={input." + std::string(member) + "}"}) {
      EXPECT_EQ(filled({"p", argument}, input, {}, rules).ok(), passes) << argument << ' ' << input;
      EXPECT_EQ(filled({"p", "--", argument}, input, {}, rules).ok(), passes) << argument << ' ' << input;
    }
  }
}

TEST(ArgvTemplate, AllowsNegativeNumbersWhereTheirRangeDoes) {
  EXPECT_FALSE(filled({"p", "{input.n}"}, R"({"n":-1})", {}, rules_of({{"n", number_rule()}})).ok());
  EXPECT_EQ((*filled({"p", "{input.n}"}, R"({"n":-1})", {}, rules_of({{"n", number_rule(-5)}})))[1], "-1");
}

TEST(ArgvTemplate, WritesNumbersAsEveryProgramReadsThem) {
  const InputRules rules = rules_of({{"n", number_rule()}});
  for (const auto& [came, written] :
       std::map<std::string, std::string>{{"5.0", "5"},
                                          {"-0", "0"},
                                          {"-0.0", "0"},
                                          {"1e3", "1000"},
                                          {"0.5", "0.5"},
                                          {"9007199254740991", "9007199254740991"}}) {
    const auto argv = filled({"p", "{input.n}"}, R"({"n":)" + came + '}', {}, rules);
    ASSERT_TRUE(argv.ok()) << came << ' ' << argv.error().message;
    EXPECT_EQ((*argv)[1], written) << came;
  }
}

TEST(ArgvTemplate, HoldsDefaultsToTheRules) {
  InputRule voice = text_rule();
  voice.pattern = "[a-z]+";
  const InputRules rules = rules_of({{"voice", voice}, {"n", number_rule()}, {"path", text_rule()}});
  const Arguments argv{"p", "{input.voice}", "{input.n}", "{input.path}"};
  const auto takes = [&](const std::string& member, const std::string& text) {
    return ArgvTemplate::parse(argv, {{member, text}}, rules).ok();
  };
  EXPECT_TRUE(takes("voice", "en"));
  EXPECT_FALSE(takes("voice", "EN"));
  EXPECT_TRUE(takes("n", "5"));
  EXPECT_FALSE(takes("n", "five"));
  EXPECT_FALSE(takes("path", "/usr"));
  EXPECT_TRUE(takes("elsewhere", "/usr")) << "no placeholder, no rule";
}

TEST(ArgvTemplate, NamesTheMemberOfABadInput) {
  const std::pair<const char*, const char*> table[] = {
      {"{}", "is required"},
      {R"({"t":null})", "must be a string"},
      {R"({"t":["a"]})", "must be a string"},
      {"{\"t\":\"a\\u0000b\"}", "NUL"},
  };
  for (const auto& [input, says] : table) {
    const auto argv = filled({"p", "{input.t}"}, input);
    ASSERT_FALSE(argv.ok()) << input;
    EXPECT_EQ(argv.error().code, error_code::kInvalidInput);
    EXPECT_EQ(argv.error().details.at("field"), "/input/t");
    EXPECT_NE(argv.error().message.find(says), std::string::npos) << argv.error().message;
  }
  EXPECT_FALSE(filled({"p", "{input.t}"}, "{\"t\":\"" + std::string(200'000, 'x') + "\"}").ok());
}

TEST(ArgvTemplate, RefusesABrokenTemplateAndQuotesIt) {
  const Arguments table[] = {{},           {"p", "{"},          {"p", "}"},      {"p", "{input.}"},
                             {"p", "{x}"}, {"p", "a {input.t"}, {"{input.prog}"}};
  for (const Arguments& argv : table) {
    const auto made = ArgvTemplate::parse(argv, {}, any_for({"t", "prog"}));
    ASSERT_FALSE(made.ok());
    const std::string quoted = argv.empty() ? "argv" : argv.back();
    EXPECT_NE(made.error().message.find(quoted), std::string::npos);
  }
}

TEST(ArgvTemplate, KnowsWhetherItNamesAnOutputFile) {
  EXPECT_TRUE(ArgvTemplate::parse({"p", "-o{output_file}"}, {}, {})->uses_output_file());
  EXPECT_FALSE(ArgvTemplate::parse({"p", "{input_file}"}, {}, {})->uses_output_file());
}

}  // namespace
}  // namespace shunt::generation::command
