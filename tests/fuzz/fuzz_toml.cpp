// Configuration files before anybody looks at the settings. Checks that a refusal names the file, that what
// is shown of a value is short and text, and that time grows with length alone.
#include "node.hpp"
#include "shunt/base/json.hpp"
#include "support/fuzzing.hpp"
#include "support/work.hpp"
#include "toml_reader.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

void check_table(const config::Table& table, std::size_t depth) {
  check(depth < 1'000, "not deeper than a stack minds");
  for (const config::Entry& entry : table) {
    check(!config::key_text(entry.key).empty(), "a key can be written");
    check(config::show(entry.node).size() < 1'000, "what is shown of a value is short");
    check(entry.node.source.starts_with("f.toml"), "a value has a place");
    if (const auto* inner = std::get_if<config::Table>(&entry.node.value)) check_table(*inner, depth + 1);
  }
}

void check_time(std::string_view piece) {
  const auto file = [piece](std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; text.size() < bytes; ++i)
      text.append("a" + std::to_string(i)).append(piece).append("\n");
    return text;
  };
  const auto read = [](const std::string& text) { (void)config::read_toml(text, "f.toml").ok(); };
  fuzz::check_grows_linearly(read, file(4 * 1024), file(64 * 1024), "read_toml");
}

}  // namespace

// The first byte says what the rest is: a file, or (t) what stands behind a key in each of many lines.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data, size).substr(1);
  if (data[0] == 't') {
    check_time(text.substr(0, 128));
    return 0;
  }
  const auto table = config::read_toml(text, "f.toml");
  if (table) {
    check_table(*table, 0);
  } else {
    check(table.error().code == "invalid_configuration", "a refusal has its code");
    check(table.error().message.find("f.toml") != std::string::npos, "a refusal names the file");
  }
  return 0;
}
