#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "namespace.hpp"
#include "terminal.hpp"

namespace shunt::app {

// Rows in aligned columns, for people.
class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  struct Cell {
    std::string text;
    Style style = Style::kPlain;
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // A cell for each column.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  // Each line ends with a newline. Styled as the terminal wants it.
  [[nodiscard]] std::string text(const Terminal& terminal) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// How many columns of a terminal a text takes; bytes of one character count once.
[[nodiscard]] std::size_t width_of(std::string_view text) noexcept;

// "850ms", "12s", "5m", "3h", "2d": the largest unit that is not zero.
[[nodiscard]] std::string short_duration(double seconds);

// "3 bytes", "64KiB".
[[nodiscard]] std::string size_text(std::size_t bytes);

}  // namespace shunt::app
