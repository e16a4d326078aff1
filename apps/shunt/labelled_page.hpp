#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "namespace.hpp"
#include "terminal.hpp"

namespace shunt::app {

// A page of labelled lines for people: labels in a column of their own, what is too long for a terminal goes
// on below. Texts are escaped here, so that callers may give what a service told.
class LabelledPage {
 public:
  explicit LabelledPage(const Terminal& terminal) : terminal_(terminal) {}

  // A line over the whole width.
  void headline(std::string_view text, Style style);
  // Nothing where `text` is empty. A label of "" goes on with the one above.
  void line(std::string_view label, std::string_view text, Style style = Style::kPlain,
            Style label_style = Style::kDim);
  void blank() { out_ += '\n'; }
  // Text that has been laid out already.
  void block(std::string_view text) { out_ += text; }

  [[nodiscard]] const std::string& text() const noexcept { return out_; }

 private:
  const Terminal& terminal_;
  std::string out_;
};

// `text` in lines of at most `width` columns, broken at spaces; a longer word stands alone.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace shunt::app
