#include "toml_reader.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace shunt::config {
namespace {

// The only place that knows toml++: its header costs seconds per file that includes it.
class Converter {
 public:
  explicit Converter(const std::string& file) : file_(file) {}

  [[nodiscard]] Table table(const toml::table& from) const {
    // toml++ sorts by key; people, and "the second key of this name", go by the order of the file.
    std::vector<std::pair<toml::source_position, Entry>> entries;
    for (const auto& [key, value] : from) {
      const toml::source_position at = key.source().begin;
      Node converted = node(value);
      // A key's own line, since `[models.x]` and its first setting are different lines for the same table.
      converted.source = source(at);
      entries.emplace_back(at, Entry{std::string(key.str()), std::move(converted)});
    }
    std::ranges::sort(entries, [](const auto& a, const auto& b) { return a.first < b.first; });
    Table made;
    for (auto& [at, entry] : entries) made.push_back(std::move(entry));
    return made;
  }

 private:
  [[nodiscard]] Node node(const toml::node& from) const {
    Node made{Untyped{}, source(from.source().begin)};
    if (const auto* value = from.as_boolean()) {
      made.value = value->get();
    } else if (const auto* integer = from.as_integer()) {
      made.value = integer->get();
    } else if (const auto* number = from.as_floating_point()) {
      made.value = number->get();
    } else if (const auto* text = from.as_string()) {
      made.value = text->get();
    } else if (const auto* array = from.as_array()) {
      List list;
      for (const toml::node& element : *array) list.push_back(node(element));
      made.value = std::move(list);
    } else if (const auto* inner = from.as_table()) {
      made.value = table(*inner);
    } else {
      std::ostringstream moment;
      from.visit([&](const auto& value_node) { moment << value_node; });
      made.value = Moment{moment.str()};
    }
    return made;
  }

  [[nodiscard]] std::string source(toml::source_position at) const {
    return file_ + ':' + std::to_string(at.line);
  }

  const std::string& file_;
};

// A file of a time when `input` was a word, to which somebody has added a rule.
std::string_view advice_for(std::string_view problem) {
  const bool of_input = problem.find("redefine existing string 'models.") != std::string_view::npos &&
                        problem.find(".input") != std::string_view::npos;
  if (!of_input) return {};
  return "; a model's `input` is the table of its input rules: where it was a word, write input_mode = "
         "\"...\"";
}

}  // namespace

Result<Table> read_toml(std::string_view text, const std::string& file) {
  try {
    return Converter(file).table(toml::parse(text, file));
  } catch (const toml::parse_error& error) {
    const std::string source = file + ':' + std::to_string(error.source().begin.line);
    return Error{"invalid_configuration",
                 source + ": this is not valid TOML: " + std::string(error.description()) +
                     std::string(advice_for(error.description()))}
        .with("source", source);
  }
}

}  // namespace shunt::config
