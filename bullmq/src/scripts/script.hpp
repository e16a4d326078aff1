#pragma once

#include <cstddef>
#include <string_view>

namespace bullmq::detail {

// One of upstream's Lua scripts, as the build embedded it (bullmq/upstream/embed_scripts.py). Everything it
// names lives as long as the program.
struct Script {
  std::string_view name;  // upstream's own, e.g. "addStandardJob"
  std::size_t keys;       // how many of EVALSHA's arguments are keys
  std::size_t index;      // its place in all_scripts(); a connection keeps what it has loaded by this number
  std::string_view sha1;  // of text: what SCRIPT LOAD answers and EVALSHA wants, 40 lower-case hex digits
  std::string_view text;  // includes resolved, comments removed
};

}  // namespace bullmq::detail
