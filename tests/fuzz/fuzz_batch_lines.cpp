// A batch's input file, as its caller has uploaded it, and the results that lie where others may write: the
// lines are the same however the bytes are split and within their bound, a line that is taken is one that can
// be run, and a result that is written is found again.
#include "batches/batch_body.hpp"
#include "batches/batch_check.hpp"
#include "batches/batch_line.hpp"
#include "batches/line_reader.hpp"
#include "batches/line_result.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::api::batches;
using fuzz::check;

namespace {

constexpr std::size_t kMaxLine = 64;
constexpr std::string_view kEndpoint = "/v1/embeddings";
const std::string kBatch = "batch_0123456789abcdef0123456789abcdef";

std::vector<FileLine> lines_of(std::string_view text, std::size_t piece) {
  LineReader reader(kMaxLine);
  std::vector<FileLine> lines;
  const auto take = [&] {
    while (auto line = reader.next()) lines.push_back(std::move(*line));
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    reader.feed(std::string(text.substr(at, piece)));
    take();
  }
  reader.finish();
  take();
  return lines;
}

void check_line(const FileLine& line) {
  check(line.text.size() <= kMaxLine && line.text.find('\n') == std::string::npos, "a line is one");
  auto read = read_batch_line(line, kEndpoint, {});
  if (const auto* const fault = std::get_if<BatchFault>(&read)) {
    check(!fault->code.empty() && !fault->message.empty() && fault->line == line.number);
    return;
  }
  const auto& usable = std::get<BatchLine>(read);
  LineResult result{.line = usable.number, .custom_id = usable.custom_id};
  result.answer = {.status = 200, .request_id = "r", .body = to_json_text(usable.body)};
  std::string text;
  append_line_result(text, kBatch, result);
  check(text.find('\n') == text.size() - 1, "a result is one line");
  text.pop_back();
  const auto recorded = read_recorded_line(text, kBatch);
  check(recorded && recorded->line == usable.number, "a result is found again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data, size).substr(1);
  const auto whole = lines_of(text, size);
  const auto pieces = lines_of(text, static_cast<std::size_t>(data[0] % 7) + 1);
  check(whole.size() == pieces.size(), "pieces make no difference");
  BatchCheck all{std::string(kEndpoint), {.max_lines = 8, .json = {}}};
  bool goes_on = true;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    check(whole[i].number == pieces[i].number && whole[i].text == pieces[i].text &&
              whole[i].too_long == pieces[i].too_long,
          "pieces make no difference");
    check_line(whole[i]);
    goes_on = goes_on && all.take(whole[i]);
  }
  all.finish();
  check(all.faults().size() <= kMostFaults);
  check(all.faults().empty() == (all.lines() > 0 && all.lines() <= 8 && all.faults().empty()));
  if (const auto recorded = read_recorded_line(text, kBatch)) {
    check(line_id(kBatch, recorded->line).size() == 42);
  }
  if (const auto body = parse_json(text); body && body->is_object()) {
    if (const auto read = read_batch_body(body->get_object()); !read) check(!read.error().message.empty());
  }
  return 0;
}
