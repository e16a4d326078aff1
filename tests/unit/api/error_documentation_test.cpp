// docs/errors.md, the HTTP problem table and the codes of generations must name the same things.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "representation/problem.hpp"
#include "shunt/generation/known_error_code.hpp"

namespace shunt::api {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(std::string(SHUNT_SOURCE_DIR) + path);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// Rows of the form: | `code` | 404 | meaning |
std::map<std::string, int> documented() {
  const std::string text = contents("/docs/errors.md");
  const std::regex row(R"(\n\| `([a-z0-9_]+)` \| (\d{3}) \|)");
  std::map<std::string, int> codes;
  for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it) {
    EXPECT_TRUE(codes.emplace((*it)[1], std::stoi((*it)[2])).second) << (*it)[1] << " is listed twice";
  }
  return codes;
}

TEST(ErrorDocumentation, ListsEveryProblemWithItsStatusAndNothingElse) {
  std::map<std::string, int> coded;
  for (const ProblemType& type : problem_types()) coded.emplace(type.code, type.status);
  EXPECT_EQ(documented(), coded);
}

TEST(ErrorDocumentation, EveryCodeOfAGenerationHasAStatus) {
  const std::string text = contents("/generation/include/shunt/generation/error_codes.hpp");
  const std::regex constant(R"re(= "([a-z0-9_]+)";)re");
  std::set<std::string> known;
  for (const ProblemType& type : problem_types()) known.insert(std::string(type.code));
  std::size_t found = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), constant), end; it != end; ++it, ++found) {
    EXPECT_TRUE(known.contains((*it)[1])) << (*it)[1] << " needs a row in api/src/representation/problem.cpp";
    EXPECT_TRUE(is_known_error_code((*it)[1].str())) << (*it)[1] << " needs a row in known_error_code.cpp";
  }
  EXPECT_GE(found, 20u);
}

}  // namespace
}  // namespace shunt::api
