#include "shunt/http/multipart_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shunt::http {
namespace {

// What a body says, one line an event: what parts are, how they end, what is wrong.
std::string told(std::string_view body, std::size_t step, MultipartLimits limits = {},
                 std::string_view boundary = "b") {
  MultipartReader reader(boundary, limits);
  std::string said;
  std::string data;
  for (std::size_t at = 0; at < body.size(); at += step) {
    reader.feed(body.substr(at, step));
    for (;;) {
      auto event = reader.next();
      if (std::holds_alternative<MultipartReader::NeedsMore>(event)) break;
      if (const auto* const error = std::get_if<Error>(&event)) return said + "error: " + error->message;
      if (const auto* const begins = std::get_if<MultipartReader::PartBegins>(&event)) {
        const PartHeader& header = begins->header;
        said += header.name + (header.filename ? "|" + *header.filename : "") +
                (header.content_type.empty() ? "" : "|" + header.content_type) + " ";
      } else if (const auto* const bytes = std::get_if<MultipartReader::PartData>(&event)) {
        EXPECT_FALSE(bytes->bytes.empty());
        data += bytes->bytes;
      } else if (std::holds_alternative<MultipartReader::PartEnds>(event)) {
        said += "[" + data + "]\n";
        data.clear();
      } else {
        said += "done";
        if (at + step >= body.size()) return said;
        break;
      }
    }
    if (said.ends_with("done") && at + step < body.size()) said.resize(said.size() - 4);
  }
  return said + (data.empty() ? "" : "(" + data + ")") + "unfinished";
}

std::string part(const std::string& disposition, const std::string& data, const std::string& more = "") {
  return "--b\r\nContent-Disposition: " + disposition + "\r\n" + more + "\r\n" + data + "\r\n";
}

const std::string kEnd = "--b--\r\n";

struct Case {
  const char* what;
  std::string body;
  std::string expected;
};

std::vector<Case> cases() {
  const std::string field = part("form-data; name=\"a\"", "1");
  return {
      {"a field", field + kEnd, "a [1]\ndone"},
      {"a file with its type",
       part("form-data; name=\"file\"; filename=\"cat.png\"", "\x89PNG\r\n\x1a\n",
            "Content-Type: image/png\r\n") +
           kEnd,
       "file|cat.png|image/png [\x89PNG\r\n\x1a\n]\ndone"},
      {"an empty part", part("form-data; name=\"a\"", "") + kEnd, "a []\ndone"},
      {"several parts of one name", field + field + kEnd, "a [1]\na [1]\ndone"},
      {"a preamble and an epilogue", "hello\r\n" + field + kEnd + "bye", "a [1]\ndone"},
      {"no parts", "--b--\r\n", "done"},
      {"blanks behind a boundary", "--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--",
       "a [x]\ndone"},
      {"data that nearly is a boundary", part("form-data; name=\"a\"", "\r\n--\r\n-b\r\n\r--b\n--b") + kEnd,
       "a [\r\n--\r\n-b\r\n\r--b\n--b]\ndone"},
      {"fields in other letters",
       "--b\r\ncontent-disposition:FORM-DATA;NAME=a;FileName=\"x\"\r\n\r\n1\r\n" + kEnd, "a|x [1]\ndone"},
      {"escapes of browsers", part("form-data; name=\"a%22b\"; filename=\"c%22d.txt\"", "") + kEnd,
       "a\"b|c\"d.txt []\ndone"},
      {"escapes of old clients", part(R"(form-data; name="a\"b\\c")", "") + kEnd, "a\"b\\c []\ndone"},
      {"a path in a filename", part(R"(form-data; name="a"; filename="../../etc/passwd")", "") + kEnd,
       "a|passwd []\ndone"},
      {"a path of an old browser", part(R"(form-data; name="a"; filename="C:\dir\cat.png")", "") + kEnd,
       "a|cat.png []\ndone"},
      {"a filename that is only a path", part(R"(form-data; name="a"; filename="/")", "") + kEnd,
       "a| []\ndone"},
      {"an encoded filename", part("form-data; name=\"a\"; filename*=UTF-8''k%C3%A4se.png", "") + kEnd,
       "a|k\xC3\xA4se.png []\ndone"},
      {"a transfer encoding that is none",
       part("form-data; name=\"a\"", "1", "Content-Transfer-Encoding: binary\r\n") + kEnd, "a [1]\ndone"},
      {"a body that is cut in its data", field.substr(0, field.size() - 2), "a (1)unfinished"},
      {"a body without its last boundary", field, "a (1)unfinished"},
      {"a body that is cut in its last boundary", field + "--b-", "a [1]\nunfinished"},
  };
}

struct Wrong {
  const char* what;
  std::string body;
  const char* says;
};

std::vector<Wrong> wrong_cases() {
  const std::string long_header(9000, 'x');
  return {
      {"text behind a boundary", "--bx\r\n", "follows a boundary"},
      {"a header without a disposition", "--b\r\nContent-Type: a/b\r\n\r\n", "no Content-Disposition"},
      {"a header without fields", "--b\r\n\r\n", "no Content-Disposition"},
      {"another disposition", part("attachment; name=\"a\"", ""), "must be form-data"},
      {"a part without a name", part("form-data", ""), "no name"},
      {"a part with an empty name", part("form-data; name=\"\"", ""), "no name"},
      {"two names", part("form-data; name=a; name=b", ""), "two names"},
      {"two filenames", part("form-data; name=a; filename=b; filename=c", ""), "two filenames"},
      {"two dispositions", part("form-data; name=a", "", "Content-Disposition: form-data; name=b\r\n"),
       "two fields"},
      {"two types", part("form-data; name=a", "", "Content-Type: a/b\r\nContent-Type: c/d\r\n"),
       "two fields"},
      {"a quote without its partner", part("form-data; name=\"a", ""), "cannot be read"},
      {"a line end in a name", part("form-data; name=\"a%0D%0Ab\"", ""), "control characters"},
      {"a name that is no UTF-8", part("form-data; name=\"\xff\"", ""), "must be UTF-8"},
      {"a long name", part("form-data; name=\"" + std::string(257, 'a') + '"', ""), "at most 256"},
      {"a long filename", part("form-data; name=a; filename=\"" + std::string(256, 'a') + '"', ""),
       "at most 255"},
      {"a folded line", part("form-data; name=a", "", " folded: x\r\n"), "is no field"},
      {"a line without a colon", part("form-data; name=a", "", "hello\r\n"), "is no field"},
      {"a NUL", part(std::string("form-data; name=a\0", 18), ""), "control characters"},
      {"an encoding", part("form-data; name=a", "", "Content-Transfer-Encoding: base64\r\n"),
       "must be binary"},
      {"a giant header", part("form-data; name=a", "", "X: " + long_header + "\r\n"), "at most 8192"},
      {"a header without an end", "--b\r\nX: " + long_header, "at most 8192"},
      {"a long preamble", std::string(2000, 'x'), "before the first boundary"},
      {"a long epilogue", kEnd + std::string(2000, 'x'), "behind the last boundary"},
  };
}

TEST(MultipartReader, TellsTheSameWhereverTheBytesAreSplit) {
  for (const Case& each : cases()) {
    for (std::size_t step = 1; step <= each.body.size(); ++step) {
      EXPECT_EQ(told(each.body, step), each.expected) << each.what << " in pieces of " << step;
    }
  }
}

TEST(MultipartReader, RefusesWhatIsNoFormWhereverTheBytesAreSplit) {
  for (const Wrong& each : wrong_cases()) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, each.body.size()}) {
      const std::string said = told(each.body, step);
      EXPECT_NE(said.find("error: "), std::string::npos)
          << each.what << " in pieces of " << step << ": " << said;
      EXPECT_NE(said.find(each.says), std::string::npos) << each.what << ": " << said;
    }
  }
}

TEST(MultipartReader, TakesNoMorePartsThanItMay) {
  std::string body;
  for (int i = 0; i < 3; ++i) body += part("form-data; name=\"a\"", "");
  EXPECT_EQ(told(body + kEnd, 5, {.max_parts = 3}), "a []\na []\na []\ndone");
  EXPECT_NE(told(body + kEnd, 5, {.max_parts = 2}).find("at most 2 parts"), std::string::npos);
}

TEST(MultipartReader, SaysNothingAfterAnError) {
  MultipartReader reader("b");
  reader.feed("--bx\r\n");
  EXPECT_TRUE(std::holds_alternative<Error>(reader.next()));
  reader.feed("--b\r\n");
  EXPECT_TRUE(std::holds_alternative<MultipartReader::NeedsMore>(reader.next()));
}

TEST(MultipartBoundary, IsOneToSeventyOfItsCharacters) {
  const std::string longest(70, 'a');
  EXPECT_EQ(*multipart_boundary("multipart/form-data; boundary=" + longest), longest);
  EXPECT_EQ(*multipart_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b=c\""), "a b=c");
  for (const std::string& no :
       {"multipart/form-data; boundary=" + longest + "a", std::string("multipart/form-data"),
        std::string("multipart/form-data; boundary="), std::string("multipart/form-data; boundary=\"\""),
        std::string("multipart/form-data; boundary=\"a \""),
        std::string("multipart/form-data; boundary=a;boundary=b"),
        std::string("multipart/form-data; boundary=a\"b"), std::string("multipart/mixed; boundary=a"),
        std::string("multipart/form-data; boundary=\"a"), std::string("")}) {
    EXPECT_EQ(multipart_boundary(no).error().code, "malformed_multipart") << no;
  }
}

}  // namespace
}  // namespace shunt::http
