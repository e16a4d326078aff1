#include "drivers/command/argv_template.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::command {
namespace {

using Arguments = std::vector<std::string>;

Result<Arguments> filled(const Arguments& argv, std::string_view input,
                         const std::map<std::string, std::string>& defaults = {}) {
  auto made = ArgvTemplate::parse(argv, defaults);
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
    const auto made = ArgvTemplate::parse(argv, {});
    ASSERT_FALSE(made.ok());
    const std::string quoted = argv.empty() ? "argv" : argv.back();
    EXPECT_NE(made.error().message.find(quoted), std::string::npos);
  }
}

TEST(ArgvTemplate, KnowsWhetherItNamesAnOutputFile) {
  EXPECT_TRUE(ArgvTemplate::parse({"p", "-o{output_file}"}, {})->uses_output_file());
  EXPECT_FALSE(ArgvTemplate::parse({"p", "{input_file}"}, {})->uses_output_file());
}

}  // namespace
}  // namespace shunt::command
