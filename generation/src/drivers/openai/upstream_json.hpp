#pragma once

#include <string_view>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// What a text of an upstream holds: JSON documents one after another, perhaps "[DONE]" behind them, perhaps
// something else.
struct UpstreamDocuments {
  std::vector<Json> documents{};
  bool done = false;    // "[DONE]" follows
  bool excess = false;  // something follows that is neither
  bool repaired = false;
};

// Reads JSON as real servers write it, where parse_json is for what callers send. Of the document's members
// only those are kept that the driver reads (of an answer, a chunk, or an error); what is wrong with the
// others costs nothing. In what is kept
// - NaN and the infinities become null, and numbers beyond +-(2^53 - 1) become texts, as they were written;
// - text may hold bytes that are no UTF-8: a character may be cut between two chunks, so whoever joins the
//   pieces replaces what is still broken then;
// - raw control characters, unknown escapes and lone surrogates are taken for what they must mean;
// - of a key that stands twice the last value counts;
// - more than 256 members of one object and nesting beyond 48 levels are left out.
// Documents may be glued by "data:", as by a server that forgets its line ends. Fails with `invalid_json` if
// the first document, or one behind a whole one, cannot be read, or with more than a million values.
[[nodiscard]] Result<UpstreamDocuments> read_upstream_json(std::string_view text);

// `value` with every text in it, keys too, made valid UTF-8.
[[nodiscard]] Json with_valid_texts(const Json& value);

}  // namespace shunt::generation::openai
