#include "queue/records/needed_commands.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace shunt::executor {
namespace {

namespace fs = std::filesystem;

// Of Lua that stands in files, and of Lua that stands in generated C++.
std::set<std::string> called_in(const fs::path& folder) {
  static const std::regex call(R"re((?:redis\.p?call|call)\(\s*\\?["']([A-Za-z]+)\\?["'])re");
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator found(text.begin(), text.end(), call); found != std::sregex_iterator();
         ++found) {
      std::string name = (*found)[1];
      std::ranges::transform(name, name.begin(),
                             [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
      names.insert(name);
    }
  }
  return names;
}

TEST(NeededCommands, are_at_least_those_of_the_scripts) {
  std::set<std::string> listed;
  for (const std::string_view each : kNeededCommands) listed.emplace(each.substr(0, each.find(' ')));
  EXPECT_EQ(listed.size(), kNeededCommands.size()) << "one is there twice";
  const fs::path build(SHUNT_BUILD);
  std::size_t seen = 0;
  for (const char* folder : {"bullmq/generated", "executor/lua", "flip/lua"}) {
    const auto called = called_in(build / folder);
    seen += called.size();
    for (const std::string& name : called) EXPECT_TRUE(listed.contains(name)) << name << " of " << folder;
  }
  EXPECT_GT(seen, 80U) << "are the scripts where they were?";
}

}  // namespace
}  // namespace shunt::executor
