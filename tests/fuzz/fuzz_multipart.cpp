// The reader of forms against itself with the bytes split elsewhere: what parts are and what is wrong is the
// same, and nothing is held beyond a piece. The first byte says how the rest is split.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "shunt/base/json.hpp"
#include "shunt/http/multipart_reader.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt::http;
using shunt::base::Error;
using shunt::fuzz::check;

// Everything that is told, with the data of a part in one piece.
std::string told(std::string_view text, std::size_t step) {
  MultipartReader reader("b");
  std::string said;
  bool done = false;
  for (std::size_t at = 0; at < text.size(); at += step) {
    reader.feed(text.substr(at, step));
    for (bool more = true; more;) {
      auto event = reader.next();
      if (const auto* const error = std::get_if<Error>(&event)) return said + '!' + error->message;
      if (const auto* const begins = std::get_if<MultipartReader::PartBegins>(&event)) {
        const PartHeader& header = begins->header;
        check(!header.name.empty() && header.name.size() <= kMaxPartNameBytes);
        check(shunt::base::is_valid_utf8(header.name));
        check(!header.filename || header.filename->find_first_of("/\\") == std::string::npos,
              "a filename has no path");
        said += '<' + header.name + '|' + header.filename.value_or("-") + '|' + header.content_type + '>';
      } else if (const auto* const data = std::get_if<MultipartReader::PartData>(&event)) {
        check(!data->bytes.empty() && data->bytes.size() <= step + 5, "no more than a piece and a delimiter");
        said += data->bytes;
      } else if (std::holds_alternative<MultipartReader::PartEnds>(event)) {
        said += "</>";
      } else {
        done = std::holds_alternative<MultipartReader::Done>(event);
        more = false;
      }
    }
  }
  return said + (done ? "." : "...");
}

// An error comes as soon as it can be seen, so data before it may or may not have been told.
std::string without_broken_data(const std::string& said) {
  const std::size_t error = said.find('!');
  return error == std::string::npos ? said : said.substr(error);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = shunt::fuzz::text_of(data + 1, size - 1);
  const std::string whole = told(text, text.size() + 1);
  const std::string split = told(text, 1 + data[0] % 60U);
  if (whole.find('!') == std::string::npos) {
    check(split == whole, "pieces make no difference");
  } else {
    check(without_broken_data(split).empty() || split.find('!') != std::string::npos,
          "what is wrong stays so");
  }
  if (const auto boundary = multipart_boundary(text)) {
    check(!boundary->empty() && boundary->size() <= 70);
  }
  return 0;
}
