#include <iostream>

#include "commands.hpp"
#include "exit_code.hpp"
#include "shunt/base/json.hpp"
#include "version_text.hpp"

namespace shunt::app {
namespace {

#if defined(__clang__)
constexpr std::string_view kCompiler = "clang " __clang_version__;
#else
constexpr std::string_view kCompiler = "g++ " __VERSION__;
#endif

}  // namespace

int version(const VersionOptions& options) {
  if (options.json) {
    const JsonObject about{{"name", "shunt"},
                           {"version", kVersion},
                           {"executors", JsonArray{"sync", "queue"}},
                           {"drivers", JsonArray{"cog", "command", "openai", "simulator"}},
                           {"compiler", kCompiler}};
    std::cout << to_json_text(about) << '\n';
  } else {
    std::cout << "shunt " << kVersion << '\n';
  }
  return kExitOk;
}

}  // namespace shunt::app
